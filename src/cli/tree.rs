//! Every command and all its spellings.
//!
//! To add a command: a file `cli/NAME.rs` with a `clap::Args` struct (doc comments are the help,
//! examples go to `#[command(after_help = …)]`) and `pub(crate) fn run(self, ctx: &Context) ->
//! Result<u8>`, a `mod` line in `cli/mod.rs`, and an `entry!` line in [`COMMANDS`]. Man pages and
//! completions follow from it (`BOX_BLESS=1 cargo test --test generated`).
//!
//! Words after which flags belong to the container's command (`run`, `create`, `exec`, `top`) are
//! one positional `Vec<String>` with `trailing_var_arg = true, required = true`: with two
//! positionals clap would still take a known flag after the first one for ours.

use super::flags::refused;
use super::{
    Context, attach, commit, completion, container_exists, copy, create, diff, doctor, exec, export, help,
    history, image_exists, image_insert, image_prune, image_tree, images, import, info, inspect, kill, load,
    login, logs, mount, network_connect, network_create, network_ls, network_rm, network_update, port, prune,
    ps, pull, push, rename, reset, restart, rm, rmi, run, save, search, start, stop, system_check, system_df,
    system_prune, tag, top, unshare, usage, version, volume, wait,
};
use crate::error::Result;
use clap::{ArgAction, ArgMatches, Command, FromArgMatches};
use std::ffi::OsString;

/// A command.
pub(super) struct Entry {
    /// Its spellings; the first one of each group is its name there, the others are aliases.
    pub(super) paths: &'static [&'static str],
    /// Adds its arguments, its description and its examples.
    pub(super) build: fn(Command) -> Command,
    /// Runs it.
    pub(super) run: fn(&ArgMatches, &Context) -> Result<u8>,
    /// It also knows the flags that are refused by name.
    pub(super) refuses: bool,
}

/// An [`Entry`]: the `Args` struct, then the spellings.
macro_rules! entry {
    (refusing $args:ty, $($path:literal),+) => { entry!(@ $args, true, $($path),+) };
    (@ $args:ty, $refuses:literal, $($path:literal),+) => {
        Entry {
            paths: &[$($path),+],
            build: <$args as clap::Args>::augment_args,
            run: |matches, ctx| {
                <$args>::from_arg_matches(matches).map_err(|said| usage::error(&said, &[]))?.run(ctx)
            },
            refuses: $refuses,
        }
    };
    ($args:ty, $($path:literal),+) => { entry!(@ $args, false, $($path),+) };
}

impl Entry {
    /// Adds all that it knows: its arguments, and those that it refuses.
    pub(super) fn full(&self, command: Command) -> Command {
        let command = (self.build)(command);
        if self.refuses { refused::augment(command) } else { command }
    }

    /// Runs it, unless something was given that it refuses.
    pub(super) fn start(&self, matches: &ArgMatches, ctx: &Context) -> Result<u8> {
        if self.refuses {
            refused::check(matches)?;
        }
        (self.run)(matches, ctx)
    }
}

/// All commands.
pub(super) const COMMANDS: &[Entry] = &[
    // Containers.
    entry!(attach::AttachTo, "attach", "container attach"),
    entry!(commit::Commit, "commit", "container commit"),
    entry!(container_exists::ContainerExists, "container exists"),
    entry!(inspect::InspectContainer, "container inspect"),
    entry!(prune::Prune, "container prune"),
    entry!(refusing create::Create, "create", "container create"),
    entry!(diff::Diff, "diff", "container diff", "image diff"),
    entry!(copy::Copy, "cp", "container cp"),
    entry!(exec::Exec, "exec", "container exec"),
    entry!(export::Export, "export", "container export"),
    entry!(kill::Kill, "kill", "container kill"),
    entry!(logs::Logs, "logs", "container logs"),
    entry!(port::ShowPorts, "port", "container port"),
    entry!(mount::Mount, "mount", "container mount"),
    entry!(mount::Unmount, "unmount", "umount", "container unmount", "container umount"),
    entry!(ps::Ps, "ps", "container ps", "container ls", "container list"),
    entry!(rename::Rename, "rename", "container rename"),
    entry!(restart::Restart, "restart", "container restart"),
    entry!(rm::Rm, "rm", "container rm", "container remove"),
    entry!(refusing run::Run, "run", "container run"),
    entry!(start::Start, "start", "container start"),
    entry!(stop::Stop, "stop", "container stop"),
    entry!(top::Top, "top", "container top"),
    entry!(wait::Wait, "wait", "container wait"),
    // Images.
    entry!(history::History, "history", "image history"),
    entry!(image_exists::ImageExists, "image exists"),
    entry!(image_insert::ImageInsert, "image insert", "insert"),
    entry!(inspect::InspectImage, "image inspect"),
    entry!(image_prune::ImagePrune, "image prune"),
    entry!(image_tree::ImageTree, "image tree"),
    entry!(mount::ImageMount, "image mount"),
    entry!(mount::ImageUnmount, "image unmount", "image umount"),
    entry!(images::Images, "images", "image ls", "image list"),
    entry!(import::Import, "import", "image import"),
    entry!(load::Load, "load", "image load"),
    entry!(pull::Pull, "pull", "image pull"),
    entry!(push::Push, "push", "image push"),
    entry!(rmi::Rmi, "rmi", "image rm", "image remove"),
    entry!(save::Save, "save", "image save"),
    entry!(search::Search, "search", "image search"),
    entry!(tag::Tag, "tag", "image tag"),
    entry!(tag::Untag, "untag", "image untag"),
    entry!(login::Login, "login"),
    entry!(login::Logout, "logout"),
    // Networks.
    entry!(network_connect::NetworkConnect, "network connect"),
    entry!(network_connect::NetworkDisconnect, "network disconnect"),
    entry!(network_create::NetworkCreate, "network create"),
    entry!(network_rm::NetworkExists, "network exists"),
    entry!(network_ls::NetworkInspect, "network inspect"),
    entry!(network_ls::NetworkLs, "network ls", "network list"),
    entry!(network_rm::NetworkPrune, "network prune"),
    entry!(network_update::NetworkReload, "network reload"),
    entry!(network_rm::NetworkRm, "network rm", "network remove"),
    entry!(network_update::NetworkUpdate, "network update"),
    // Volumes.
    entry!(volume::Create, "volume create"),
    entry!(volume::Exists, "volume exists"),
    entry!(volume::Export, "volume export"),
    entry!(volume::Import, "volume import"),
    entry!(volume::Inspect, "volume inspect"),
    entry!(volume::List, "volume ls", "volume list"),
    entry!(volume::Mount, "volume mount"),
    entry!(volume::Prune, "volume prune"),
    entry!(volume::Remove, "volume rm", "volume remove"),
    entry!(volume::Unmount, "volume unmount", "volume umount"),
    // The host and the store.
    entry!(doctor::Doctor, "doctor"),
    entry!(info::Info, "info", "system info"),
    entry!(inspect::Inspect, "inspect"),
    entry!(system_check::SystemCheck, "system check"),
    entry!(system_df::SystemDf, "system df"),
    entry!(system_prune::SystemPrune, "system prune"),
    entry!(reset::Reset, "system reset"),
    entry!(unshare::Unshare, "unshare"),
    // About box itself.
    entry!(completion::Completion, "completion"),
    entry!(help::Help, "help"),
    entry!(version::Version, "version"),
];

/// A word that only has commands below it.
struct Group {
    name: &'static str,
    about: &'static str,
    build: fn(Command) -> Command,
}

const GROUPS: &[Group] = &[
    Group { name: "container", about: "Work with containers", build: |to| deferred(to, "container") },
    Group { name: "image", about: "Work with images", build: |to| deferred(to, "image") },
    Group { name: "network", about: "Work with networks", build: |to| deferred(to, "network") },
    Group { name: "system", about: "Work with box as a whole", build: |to| deferred(to, "system") },
    Group { name: "volume", about: "Work with volumes", build: |to| deferred(to, "volume") },
];

/// How much of the tree is built.
#[derive(Clone, Copy)]
pub(super) enum Detail<'a> {
    /// Only commands whose names are among these words, and their arguments only when the parser
    /// meets the name. The command line of which that is not enough is parsed again by the full
    /// tree, whose words the user then gets.
    Lazy(&'a [OsString]),
    /// Everything: for help, man pages, completions and messages.
    Full,
}

/// The whole command line.
pub(super) fn root(detail: Detail<'_>) -> Command {
    let root = Command::new("box")
        .about("Run containers: no daemon, no root, one binary")
        .version(concat!("version ", env!("CARGO_PKG_VERSION")))
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        // A flag that is given twice counts once, the last value wins: scripts add their own.
        .args_override_self(true)
        .max_term_width(100)
        .subcommand_value_name("COMMAND")
        .override_usage("box [OPTIONS] COMMAND [ARG]...")
        .after_help(
            "Examples:\n  box run -it ubuntu bash       a shell in a new container\n  \
             box ps -a                     all containers, running and ended\n  \
             box help run                  the flags of a command",
        )
        .arg(
            clap::Arg::new("version")
                .short('v')
                .long("version")
                .action(ArgAction::Version)
                .help("Print the version"),
        );
    let root = match detail {
        Detail::Lazy(_) => root,
        Detail::Full => root.help_template(help_template()),
    };
    let mut root = below(<super::GlobalFlags as clap::Args>::augment_args(root), "", detail);
    for group in GROUPS {
        let command = Command::new(group.name)
            .about(group.about)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .subcommand_value_name("COMMAND");
        root = root.subcommand(match detail {
            Detail::Lazy(_) => command.defer(group.build),
            Detail::Full => below(command, group.name, detail),
        });
    }
    root
}

/// The first page of the help: clap cannot put commands under several headings by itself.
fn help_template() -> String {
    let mut sections = [("Containers", String::new()), ("Images", String::new()), ("Other", String::new())];
    for entry in COMMANDS {
        let Some(name) = entry.paths.iter().find(|path| !path.contains(' ')) else { continue };
        let below = |group: &str| entry.paths.iter().any(|path| path.starts_with(group));
        let section = if below("container ") {
            0
        } else if below("image ") {
            1
        } else {
            2
        };
        let about = (entry.build)(Command::new("box")).get_about().map(ToString::to_string);
        sections[section].1 += &format!("  {name:<12}{}\n", about.unwrap_or_default());
    }
    for group in GROUPS {
        sections[2].1 += &format!("  {:<12}{}\n", group.name, group.about);
    }
    let lists: String = sections.iter().map(|(title, list)| format!("\n{title}:\n{list}")).collect();
    format!("{{about}}\n\n{{usage-heading}} {{usage}}\n{lists}\nOptions:\n{{options}}{{after-help}}")
}

/// Adds the commands of a group that was named; which one of them was is not known here.
fn deferred(mut to: Command, group: &str) -> Command {
    for (name, aliases, entry) in members(group) {
        to = to.subcommand(Command::new(name).visible_aliases(aliases).defer(entry.build));
    }
    to
}

/// The commands of a group: name, aliases, entry.
fn members(group: &str) -> impl Iterator<Item = (&'static str, Vec<&'static str>, &'static Entry)> {
    COMMANDS.iter().filter_map(move |entry| {
        let mut names = entry.paths.iter().filter_map(|path| match path.rsplit_once(' ') {
            Some((first, name)) => (first == group).then_some(name),
            None => group.is_empty().then_some(*path),
        });
        Some((names.next()?, names.collect(), entry))
    })
}

/// Adds the commands of a group (`""`: the top level) to `to`.
fn below(mut to: Command, group: &str, detail: Detail<'_>) -> Command {
    for (name, aliases, entry) in members(group) {
        let named =
            |words: &[OsString]| words.iter().any(|w| *w == *name || aliases.iter().any(|a| *w == **a));
        match detail {
            Detail::Lazy(words) if !named(words) => {}
            Detail::Lazy(_) => {
                to = to.subcommand(Command::new(name).visible_aliases(aliases).defer(entry.build));
            }
            Detail::Full => to = to.subcommand(entry.full(Command::new(name).visible_aliases(aliases))),
        }
    }
    to
}

/// The command that was parsed, and its own matches.
pub(super) fn find(root: &ArgMatches) -> Option<(&'static Entry, &ArgMatches)> {
    let (first, matches) = root.subcommand()?;
    match matches.subcommand() {
        Some((name, matches)) => Some((named(&format!("{first} {name}"))?, matches)),
        None => Some((named(first)?, matches)),
    }
}

/// All words that can follow a group; `""` is the top level.
pub(super) fn words_below(group: &str) -> Vec<&'static str> {
    let groups = GROUPS.iter().map(|group| group.name).filter(|_| group.is_empty());
    // Of two that are equally near the command is meant, not the group.
    members(group).flat_map(|(name, aliases, _)| [vec![name], aliases].concat()).chain(groups).collect()
}

/// The groups that have a command of this name.
pub(super) fn groups_with(name: &str) -> impl Iterator<Item = &'static str> {
    let has =
        move |group: &str| members(group).any(|(own, aliases, _)| own == name || aliases.contains(&name));
    GROUPS.iter().map(|group| group.name).filter(move |group| has(group))
}

/// The command with this spelling.
pub(super) fn named(path: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.paths.contains(&path))
}

/// The groups and their commands.
pub(super) fn groups() -> impl Iterator<Item = (&'static str, Command)> {
    GROUPS.iter().map(|group| {
        (group.name, below(Command::new(group.name).about(group.about), group.name, Detail::Full))
    })
}

/// Whether the word is a group, such as `container`.
pub(super) fn is_group(word: &str) -> bool {
    GROUPS.iter().any(|group| group.name == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_sound() {
        root(Detail::Full).debug_assert();
        for entry in COMMANDS {
            root(Detail::Lazy(&[entry.paths[0].into()])).debug_assert();
        }
    }

    #[test]
    fn every_command_says_what_it_is_for() {
        for entry in COMMANDS {
            let command = (entry.build)(Command::new(entry.paths[0]));
            assert!(command.get_about().is_some(), "{}: a doc comment is missing", entry.paths[0]);
        }
    }

    #[test]
    fn no_spelling_is_taken_twice() {
        let mut all: Vec<_> = COMMANDS.iter().flat_map(|entry| entry.paths).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
