//! Who we are to a registry: login, logout, the auth files, helpers, certificates, tokens.

use crate::env::{EVERYONE, Env, User, finish, registry};
use crate::servers::{Answer, Certificates, PASSWORD, Registry, Server, USER, forward};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file that podman and box share.
fn auth_file(env: &mut Env) -> PathBuf {
    let dir = PathBuf::from(env.directory("session"));
    env.set("XDG_RUNTIME_DIR", &dir);
    dir.join("containers/auth.json")
}

fn creds() -> String {
    format!("{USER}:{PASSWORD}")
}

#[test]
fn a_login_is_verified_kept_privately_used_and_removed() {
    for user in EVERYONE {
        let mut env = Env::empty(user);
        let mut file = auth_file(&mut env);
        if user == User::Root {
            file = file.parent().unwrap().join("0/auth.json");
        }
        let server = Registry::with_password(&env.tmp());
        let (address, image) = (&server.address, server.image("library/busybox"));
        // A store that is made says so where there are no ids for it.
        env.run(["images"]).code(0);
        env.run(["pull", "-q", &image]).fails(125, "box login");
        env.run(["login", "--get-login", address]).fails(125, "not logged into");
        env.feed(b"wrong\n", ["login", "-u", USER, "--password-stdin", address])
            .fails(125, "invalid username/password");
        assert!(!file.exists(), "a wrong password was kept");
        env.feed(PASSWORD.as_bytes(), ["login", "-u", USER, "--password-stdin", address])
            .code(0)
            .stdout("Login Succeeded!\n")
            .stderr("");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        env.run(["login", "--get-login", address]).code(0).stdout("ann\n");
        env.run(["login", address]).code(0).stdout_contains("Already logged in");
        env.run(["pull", "-q", &image]).code(0);
        env.run(["rmi", &image]).code(0);
        env.run(["run", "--rm", &image, "echo", "x"]).code(0).stdout_contains("x\n");
        let said = format!("Removed login credentials for {address}\n");
        env.run(["logout", address]).code(0).stdout(&said);
        env.run(["logout", address]).fails(125, "not logged into");
        env.run(["pull", "-q", &image]).code(125);
    }
}

#[test]
fn skopeo_and_box_read_each_others_logins() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let server = Registry::with_password(&env.tmp());
    let address = &server.address;
    // It has podman's code for this, and leaves no process behind.
    let skopeo = |env: &Env, words: &[&str]| {
        let mut command = env.program("skopeo");
        command.args(words);
        finish(command, b"")
    };
    env.run(["login", "-v", "-u", USER, "-p", PASSWORD, address]).code(0).stdout_contains("Used:  /");
    skopeo(&env, &["login", "--get-login", address]).code(0).stdout("ann\n");
    skopeo(&env, &["logout", address]).code(0);
    env.run(["login", "--get-login", address]).code(125);
    skopeo(&env, &["login", "--tls-verify=false", "-u", USER, "-p", PASSWORD, address]).code(0);
    env.run(["pull", "-q", &server.image("library/busybox")]).code(0);
    env.run(["logout", "--all"]).code(0).stdout("Removed login credentials for all registries\n");
    skopeo(&env, &["login", "--get-login", address]).code(1);
}

#[test]
fn credentials_come_from_flags_files_and_the_environment() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let server = Registry::with_password(&env.tmp());
    let (address, image) = (&server.address, server.image("library/busybox"));
    let check = |env: &Env, words: &[&str], code: i32| {
        let words = [&["pull", "-q"], words, &[&image]].concat();
        env.run(words).code(code);
    };
    check(&env, &["--creds", &creds()], 0);
    check(&env, &["--creds", "ann:wrong"], 125);
    let auth = "YW5uOnNlY3JldA==";
    let entry = |key: &str| format!("{{\"auths\":{{\"{key}\":{{\"auth\":\"{auth}\"}}}}}}");
    for key in [address.clone(), format!("{address}/library"), format!("https://{address}/v1/")] {
        let file = env.file("some.json", entry(&key));
        check(&env, &["--authfile", &file], 0);
    }
    let other = env.file("other.json", entry(&format!("{address}/other")));
    check(&env, &["--authfile", &other], 125);
    check(&env, &["--authfile", "/no/such/file"], 125);
    let bad = env.file("bad.json", "{\"auths\": secret");
    let output = env.run(["pull", "-q", "--authfile", &bad, &image]);
    output.fails(125, "bad.json");
    assert!(!output.err().contains("secret"), "{output}");
    // Docker's places, in the home directory.
    let home = |env: &Env, name: &str, text: String| {
        let path = env.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        env.give(&path);
        path
    };
    let made = home(&env, ".docker/config.json", entry(address));
    check(&env, &[], 0);
    env.run(["logout", address]).code(0).stdout_contains("docker logout");
    std::fs::remove_file(made).unwrap();
    check(&env, &[], 125);
    let gone = home(&env, ".docker/config.json", "{\"credsStore\":\"not-installed\"}".to_string());
    env.run(["pull", "-q", &format!("{}/library/busybox", registry())]).code(0);
    std::fs::remove_file(gone).unwrap();
    let legacy = home(&env, ".dockercfg", format!("{{\"https://{address}/v1/\":{{\"auth\":\"{auth}\"}}}}"));
    check(&env, &[], 0);
    std::fs::remove_file(legacy).unwrap();
    let file = env.file("named.json", entry(address));
    env.set("REGISTRY_AUTH_FILE", &file);
    check(&env, &[], 0);
}

#[test]
fn the_password_of_creds_is_not_kept_anywhere() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let server = Registry::with_password(&env.tmp());
    let image = server.image("library/busybox");
    let id = env.ok(["create", "-q", "--creds", &creds(), "--name", "c", &image, "true"]);
    assert_eq!(id.len(), 64);
    let grep = |dir: PathBuf| {
        let mut command = env.program("grep");
        command.arg("-rlF").arg(creds()).arg(dir);
        finish(command, b"").stdout("");
    };
    grep(env.root());
    grep(env.runroot());
    env.run(["inspect", "c"]).code(0).stdout_contains("***");
}

#[test]
fn a_helper_is_asked_outside_of_every_namespace() {
    let mut env = Env::empty(User::Sub);
    let file = auth_file(&mut env);
    let server = Registry::with_password(&env.tmp());
    let address = &server.address;
    let bin = PathBuf::from(env.directory("bin"));
    let helper = bin.join("docker-credential-test");
    let kept = env.tmp().join("kept");
    let script = format!(
        "#!/bin/sh\nreadlink /proc/self/ns/user >>{log}\nread -r line\necho \"$1 $line\" >>{log}\n\
         case $1 in\n get) [ -e {kept} ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\n \
         echo '{{\"ServerURL\":\"x\",\"Username\":\"ann\",\"Secret\":\"secret\"}}' ;;\n \
         store) echo \"$line\" >{kept} ;;\n erase) rm -f {kept} ;;\n esac\n",
        log = env.tmp().join("log").display(),
        kept = kept.display()
    );
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.set("PATH", format!("{}:/usr/bin:/bin:/usr/sbin", bin.display()));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{{\"credHelpers\":{{\"{address}\":\"test\"}}}}")).unwrap();
    env.give(file.parent().unwrap());
    env.give(&file);
    env.run(["pull", "-q", &server.image("library/busybox")]).code(125);
    env.run(["login", "-u", USER, "-p", PASSWORD, address]).code(0);
    assert!(kept.exists() && !std::fs::read_to_string(&file).unwrap().contains("\"auth\""));
    env.run(["pull", "-q", &server.image("library/busybox")]).code(0);
    env.run(["logout", address]).code(0);
    assert!(!kept.exists());
    let log = std::fs::read_to_string(env.tmp().join("log")).unwrap();
    let ours = std::fs::read_link("/proc/self/ns/user").unwrap();
    let (seen, asked): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.starts_with("user:"));
    assert!(seen.iter().all(|namespace| Path::new(namespace) == ours), "{log}");
    assert!(asked.contains(&format!("get {address}").as_str()), "{log}");
    std::fs::write(&file, format!("{{\"credHelpers\":{{\"{address}\":\"missing\"}}}}")).unwrap();
    env.run(["pull", "-q", &server.image("library/busybox")]).fails(125, "docker-credential-missing");
}

#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let server = Registry::with_password(&env.tmp());
    let mut pty = env.pty(["login", &server.address]);
    pty.expect("Username: ");
    pty.send("ann\n");
    pty.expect("Password: ");
    pty.send("secreX\x7ft\n");
    pty.expect("Login Succeeded!");
    pty.code(0);
    assert!(pty.is_cooked());
    let mut pty = env.pty(["login", "-u", "ann", &server.address]);
    pty.expect("Password: ");
    pty.send("abc\x03");
    pty.code(130);
    assert!(pty.is_cooked());
    env.run(["login", "-u", "ann", &server.address]).fails(125, "--password-stdin");
}

#[test]
fn certificates_are_believed_by_their_authority() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let certs = Certificates::make(&env.tmp());
    let server = Registry::start(&env.tmp(), &certs.section(false), "");
    let image = server.image("library/busybox");
    env.run(["pull", "-q", "--tls-verify", &image]).fails(125, "certs.d");
    env.run(["pull", "-q", "--tls-verify=false", &image]).code(0);
    let dir = PathBuf::from(env.directory("certs"));
    std::fs::copy(certs.path("ca.crt"), dir.join("ca.crt")).unwrap();
    env.run(["pull", "-q", "--tls-verify", "--cert-dir", dir.to_str().unwrap(), &image]).code(0);
    let place = env.home().join(".config/containers/certs.d").join(&server.address);
    std::fs::create_dir_all(&place).unwrap();
    std::fs::copy(certs.path("ca.crt"), place.join("ca.crt")).unwrap();
    env.run(["pull", "-q", "--tls-verify", &image]).code(0);
    std::fs::write(place.join("ca.crt"), "no certificate").unwrap();
    env.run(["pull", "-q", "--tls-verify", &image]).fails(125, "ca.crt");
    env.run(["pull", "-q", "--cert-dir", "/no/such/dir", &image]).fails(125, "/no/such/dir");
}

#[test]
fn a_certificate_that_signed_itself_is_believed_where_it_is_named() {
    let env = Env::empty(User::Sub);
    let certs = Certificates::self_signed(&env.tmp());
    let server = Registry::start(&env.tmp(), &certs.section(false), "");
    let image = server.image("library/busybox");
    env.run(["pull", "-q", "--tls-verify", &image]).fails(125, "certificate");
    let dir = PathBuf::from(env.directory("certs"));
    std::fs::copy(certs.path("server.crt"), dir.join("ca.crt")).unwrap();
    let dir = dir.to_str().unwrap();
    env.run(["pull", "-q", "--tls-verify", "--cert-dir", dir, &image]).code(0);
    // It is a certificate for 127.0.0.1 and for nothing else.
    let elsewhere = image.replace("127.0.0.1", "localhost");
    env.run(["pull", "-q", "--tls-verify", "--cert-dir", dir, &elsewhere]).fails(125, "certificate");
}

#[test]
fn a_client_proves_who_it_is_by_a_certificate() {
    let env = Env::empty(User::Sub);
    let certs = Certificates::make(&env.tmp());
    let server = Registry::start(&env.tmp(), &certs.section(true), "");
    let image = server.image("library/busybox");
    let dir = PathBuf::from(env.directory("certs"));
    let pull = || env.run(["pull", "-q", "--tls-verify", "--cert-dir", dir.to_str().unwrap(), &image]);
    std::fs::copy(certs.path("ca.crt"), dir.join("ca.crt")).unwrap();
    pull().code(125).stdout("");
    for name in ["client.cert", "client.key"] {
        std::fs::copy(certs.path(name), dir.join(name)).unwrap();
        env.give(&dir.join(name));
    }
    pull().code(0);
    std::fs::remove_file(dir.join("client.key")).unwrap();
    pull().fails(125, "client.key");
}

/// A registry that gives tokens out and wants them back: each is good for three requests.
fn token_server() -> Server {
    let used = std::sync::Mutex::new(std::collections::BTreeMap::<String, u32>::new());
    Server::start(move |request| {
        let me = request.header("host").unwrap_or_default().to_string();
        if request.path.starts_with("/token") {
            // NAME:PASSWORD in base64, or an identity token in a form.
            let basic = request.header("authorization") == Some("Basic YW5uOnNlY3JldA==");
            let form = String::from_utf8_lossy(&request.body);
            let exchanged = request.method == "POST"
                && form.contains("grant_type=refresh_token")
                && form.contains("refresh_token=id123")
                && form.contains("scope=repository:library/busybox:pull");
            if !basic && !exchanged {
                return Answer::new(401, "{}");
            }
            let mut used = used.lock().unwrap();
            let token = format!("T{}", used.len());
            used.insert(token.clone(), 0);
            return Answer::new(200, format!("{{\"access_token\":\"{token}\",\"expires_in\":300}}"));
        }
        let token = request.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
        let mut used = used.lock().unwrap();
        let good = token.and_then(|token| used.get_mut(token)).is_some_and(|uses| {
            *uses += 1;
            *uses <= 3
        });
        if !good {
            let ask = format!("Bearer realm=\"http://{me}/token\",service=\"test\"");
            return Answer::new(401, "{}").with("WWW-Authenticate", ask);
        }
        forward(&registry(), request)
    })
}

#[test]
fn tokens_are_fetched_kept_and_fetched_again() {
    let env = Env::empty(User::Sub);
    let server = token_server();
    let image = format!("{}/test/layers", server.address);
    env.run(["pull", "-q", &image]).fails(125, "401");
    env.run(["pull", "-q", "--creds", "ann:wrong", &image]).fails(125, "invalid username/password");
    env.run(["pull", "-q", "--creds", &creds(), &image]).code(0);
    let seen = server.seen();
    let fetched = seen.iter().filter(|(_, path, _)| path.starts_with("/token")).count();
    // Two that were refused; then manifest, configuration and three layers with three uses a token.
    assert!((3..=6).contains(&fetched), "{seen:?}");
    let asked = seen.iter().rfind(|(_, path, _)| path.starts_with("/token")).unwrap();
    assert!(asked.1.contains("scope=repository:test/layers:pull&service=test&account=ann"), "{asked:?}");
}

#[test]
fn an_identity_token_is_exchanged() {
    let env = Env::empty(User::Sub);
    let server = token_server();
    let auth = format!("{{\"auths\":{{\"{}\":{{\"identitytoken\":\"id123\"}}}}}}", server.address);
    let file = env.file("auth.json", auth);
    env.run(["pull", "-q", "--authfile", &file, &format!("{}/library/busybox", server.address)]).code(0);
}

/// A token server whose signed tokens docker-registry believes: nobody in particular may read
/// library/busybox, and [`USER`] everything.
fn issuer(certs: &Certificates) -> Server {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let key = certs.path("server.key");
    let pem = std::fs::read_to_string(certs.path("server.crt")).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Server::start(move |request| {
        let basic = request.header("authorization").and_then(|text| text.strip_prefix("Basic "));
        let user = basic.map(|text| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap());
        if user.as_ref().is_some_and(|user| *user != creds()) {
            return Answer::new(401, "{}");
        }
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let scopes = query.split('&').filter_map(|pair| pair.strip_prefix("scope=repository:"));
        let access: Vec<serde_json::Value> = scopes
            .filter_map(|scope| scope.rsplit_once(':'))
            .filter(|(name, _)| user.is_some() || *name == "library/busybox")
            .map(|(name, actions)| {
                let actions: Vec<&str> = actions.split(',').collect();
                serde_json::json!({ "type": "repository", "name": name, "actions": actions })
            })
            .collect();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = serde_json::json!({ "iss": "test-issuer", "sub": "x", "aud": "test-service", "jti": "1",
            "iat": now - 10, "nbf": now - 10, "exp": now + 60, "access": access });
        let header = serde_json::json!({ "typ": "JWT", "alg": "RS256", "x5c": [der] });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["dgst", "-sha256", "-sign"]).arg(&key);
        let signature = URL_SAFE_NO_PAD.encode(finish(openssl, signed.as_bytes()).stdout);
        Answer::new(200, format!("{{\"token\":\"{signed}.{signature}\",\"expires_in\":60}}"))
    })
}

#[test]
fn a_registry_with_a_token_issuer_knows_who_may_do_what() {
    let mut env = Env::empty(User::Sub);
    auth_file(&mut env);
    let certs = Certificates::self_signed(&env.tmp());
    let issuer = issuer(&certs);
    let auth = format!(
        "auth: {{ token: {{ realm: \"http://{}/token\", service: test-service, issuer: test-issuer, rootcertbundle: {} }} }}\n",
        issuer.address,
        certs.path("server.crt").display()
    );
    let server = Registry::start(&env.tmp(), "", &auth);
    env.run(["pull", "-q", &server.image("library/busybox")]).code(0);
    env.run(["pull", "-q", &server.image("test/layers")]).fails(125, "box login");
    env.run(["login", "-u", USER, "-p", "wrong", &server.address]).fails(125, "invalid username/password");
    env.run(["login", "-u", USER, "-p", PASSWORD, &server.address]).code(0);
    env.run(["pull", "-q", &server.image("test/layers")]).code(0);
    env.run(["pull", "-q", "--all-tags", &server.image("test/layers")]).code(0);
    env.run(["search", "--list-tags", &server.image("test/layers")]).code(0).stdout_contains("zstd");
}
