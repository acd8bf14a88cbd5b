//! `box login` and `box logout`.

use super::flags::registry::TlsFlags;
use super::{Context, output};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::ops::login::{self, Target};
use crate::registry::conf::Registries;
use crate::registry::credentials::Credentials;
use crate::sys::secret::Secret;
use crate::sys::tty;
use std::io::{BufRead, ErrorKind, Read};
use std::path::PathBuf;

/// Passwords longer than this are mistakes.
const MAX_PASSWORD: u64 = 1 << 20;

/// Log in to a registry
///
/// The registry is asked whether it knows the name and the password; then they are kept where
/// podman keeps them ($XDG_RUNTIME_DIR/containers/auth.json), or given to the credential helper that
/// the file names. Without a registry it is docker.io, or the first one that registries.conf names.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box login registry.example.com\n  \
    box login -u me --password-stdin registry.example.com:5000 <password\n  \
    box login --get-login registry.example.com")]
pub(crate) struct Login {
    /// The user's name; asked for unless given
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// The password: other users of this machine can read it while the command runs
    #[arg(short, long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Accepted for docker's old scripts: registries do not ask for it
    #[arg(short, long, value_name = "ADDRESS", hide = true)]
    email: Option<String>,
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password")]
    password_stdin: bool,
    /// Print the name of the user who is logged in
    #[arg(long)]
    get_login: bool,
    /// Say where the password was kept
    #[arg(short, long)]
    verbose: bool,
    /// The file to keep it in (default: $REGISTRY_AUTH_FILE, else podman's)
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    authfile: Option<PathBuf>,
    /// A file of docker's to keep it in, such as ~/.docker/config.json
    #[arg(long, value_name = "FILE", conflicts_with = "authfile", help_heading = "Registry")]
    compat_auth_file: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsFlags,
    /// HOST[:PORT], or a part of a registry, HOST/PATH
    #[arg(value_name = "REGISTRY")]
    registry: Option<String>,
}

impl Login {
    pub(crate) fn run(self, _: &Context) -> Result<u8> {
        let registries = Registries::load()?;
        let target = Target::parse(self.registry.as_deref(), &registries)?;
        // A file that is to be made is not there yet.
        let authfile = self.compat_auth_file.clone().or(self.authfile.clone());
        let mut options = self.tls.clone().options(authfile);
        let known = login::current(&options, &registries, &target)?;
        if self.get_login {
            let user = known.as_ref().and_then(Credentials::username);
            let user =
                user.ok_or_else(|| Error::new(Kind::NotFound, format!("not logged into {}", target.key)))?;
            output::line(user);
            return Ok(0);
        }
        options.authfile = None;
        if self.password_stdin && self.username.is_none() {
            return Err(invalid("Must provide --username with --password-stdin"));
        }
        if self.username.is_none()
            && self.password.is_none()
            && let Some(known) = &known
        {
            output::line(format!("Authenticating with existing credentials for {}", target.key));
            if login::verify(&options, &registries, &target, known.clone()).is_ok() {
                output::line(format!(
                    "Existing credentials are valid. Already logged in to {}",
                    target.registry
                ));
                return Ok(0);
            }
            output::line("Existing credentials are invalid, please enter valid username and password");
        }
        let username = match &self.username {
            Some(name) => name.clone(),
            None => ask_name(known.as_ref().and_then(Credentials::username))?,
        };
        let password = match &self.password {
            Some(password) => Secret::new(password.clone()),
            None if self.password_stdin => read_password()?,
            None => ask_password()?,
        };
        let credentials = Credentials::password(&username, password.expose());
        login::verify(&options, &registries, &target, credentials)?;
        options.authfile = self.authfile;
        let place = login::save(&options, self.compat_auth_file.as_deref(), &target, &username, &password)?;
        output::line("Login Succeeded!");
        if self.verbose {
            output::line(format!("Used:  {}", place.display()));
        }
        Ok(0)
    }
}

/// Log out of a registry
///
/// Removes the name and the password that login kept.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box logout registry.example.com\n  box logout --all")]
pub(crate) struct Logout {
    /// Log out of all registries
    #[arg(short, long, conflicts_with = "registry")]
    all: bool,
    /// The file they were kept in (default: $REGISTRY_AUTH_FILE, else podman's)
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    authfile: Option<PathBuf>,
    /// A file of docker's they were kept in, such as ~/.docker/config.json
    #[arg(long, value_name = "FILE", conflicts_with = "authfile", help_heading = "Registry")]
    compat_auth_file: Option<PathBuf>,
    /// HOST[:PORT], or a part of a registry, HOST/PATH
    #[arg(value_name = "REGISTRY")]
    registry: Option<String>,
}

impl Logout {
    pub(crate) fn run(self, _: &Context) -> Result<u8> {
        let options = TlsFlags::default().options(self.authfile);
        let compat = self.compat_auth_file.as_deref();
        if self.all {
            login::forget_all(&options, compat)?;
            output::line("Removed login credentials for all registries");
            return Ok(0);
        }
        let registries = Registries::load()?;
        let target = Target::parse(self.registry.as_deref(), &registries)?;
        if login::forget(&options, compat, &registries, &target)? {
            output::line(format!("Removed login credentials for {}", target.key));
        } else {
            output::line(format!(
                "Not logged into {} with current tool. Existing credentials were established via docker login. \
                 Please use docker logout instead.",
                target.key
            ));
        }
        Ok(0)
    }
}

fn no_terminal(what: &str) -> Error {
    invalid(format!("there is no terminal to ask for the {what} on"))
        .hint("box login --username NAME --password-stdin REGISTRY <FILE")
}

fn ask_name(before: Option<&str>) -> Result<String> {
    if !tty::is_terminal(tty::standard(0)) {
        return Err(no_terminal("user name"));
    }
    match before {
        Some(before) => output::ask(format!("Username ({before}): ")),
        None => output::ask("Username: "),
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).doing(|| "read the user name")?;
    match (line.trim(), before) {
        ("", Some(before)) => Ok(before.to_string()),
        ("", None) => Err(invalid("a user name is needed")),
        (name, _) => Ok(name.to_string()),
    }
}

fn ask_password() -> Result<Secret<String>> {
    if !tty::is_terminal(tty::standard(0)) {
        return Err(no_terminal("password"));
    }
    output::ask("Password: ");
    let typed = tty::read_hidden(tty::standard(0));
    // The line that the user ended was not shown.
    output::ask("\n");
    if typed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
        // As the terminal would have done; nothing of ours is in the way.
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGINT);
    }
    typed.map(Secret::new).doing(|| "read the password")
}

/// Everything up to the end, without the line's end.
fn read_password() -> Result<Secret<String>> {
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    stdin.take(MAX_PASSWORD).read_to_string(&mut text).doing(|| "read the password from standard input")?;
    Ok(Secret::new(text.trim_end_matches(['\n', '\r']).to_string()))
}
