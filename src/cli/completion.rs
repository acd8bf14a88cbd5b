//! `box completion`.

use super::{Context, names, output, tree, values};
use crate::error::Result;
use clap::Command;
use clap::builder::Resettable;
use clap_complete::Shell;
use std::collections::BTreeSet;

/// Print a shell's completion script
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box completion bash > ~/.local/share/bash-completion/completions/box\n  \
    box completion zsh > \"${fpath[1]}/_box\"\n  box completion fish > ~/.config/fish/completions/box.fish"
)]
pub(crate) struct Completion {
    /// bash, zsh or fish
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"], hide_possible_values = true)]
    shell: String,
}

impl Completion {
    pub(crate) fn run(self, _ctx: &Context) -> Result<u8> {
        let shell = match self.shell.as_str() {
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            _ => Shell::Bash,
        };
        output::bytes(&script(shell));
        Ok(0)
    }
}

/// The script, made from the command tree.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    if shell == Shell::Bash {
        // Without descriptions there is nothing to show that box would not say itself.
        return BASH.as_bytes().to_vec();
    }
    let root = tree::root(tree::Detail::Full);
    // Other spellings of flags too.
    let mut flags: BTreeSet<String> = names::FLAGS.iter().map(|(name, _)| format!("-l {name}")).collect();
    completed(&root, "", &mut flags);
    clap_complete::generate(shell, &mut shown(&root), "box", &mut script);
    if shell == Shell::Fish {
        script.extend_from_slice(FISH_NAMES.as_bytes());
        for flag in flags {
            script.extend(format!("complete -c box {flag} -x -a '(__box_names)'\n").into_bytes());
        }
        return script;
    }
    with_zsh_names(&String::from_utf8_lossy(&script)).into_bytes()
}

/// The command without its hidden flags, which the generators would offer.
fn shown(command: &Command) -> Command {
    let mut new = Command::new(command.get_name().to_string())
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .disable_help_flag(command.get_arguments().any(|arg| arg.get_id() == "help"))
        .about(command.get_about().cloned().unwrap_or_default())
        .aliases(command.get_all_aliases().map(str::to_string).collect::<Vec<_>>());
    if let Some(version) = command.get_version() {
        new = new.version(version.to_string());
    }
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        // What it must or must not stand beside may be hidden.
        let reset = || Resettable::<clap::Id>::Reset;
        let arg = arg.clone().conflicts_with(reset()).overrides_with(reset());
        new = new.arg(arg.requires(reset()));
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        new = new.subcommand(shown(below));
    }
    new
}

/// The flags of a command and all below whose values box knows, as fish is told of them.
fn completed(command: &Command, path: &str, flags: &mut BTreeSet<String>) {
    let entry = tree::named(path).map_or(path, |entry| entry.paths[0]);
    for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
        let Some(long) = arg.get_long() else { continue };
        if names::FLAGS.iter().any(|(name, _)| *name == long) || !values::of_flag(entry, long, "").is_empty()
        {
            flags.insert(format!("-l {long}"));
            if let Some(letter) = arg.get_short() {
                // A letter is another flag elsewhere.
                let name = command.get_name();
                flags.insert(format!("-n '__fish_seen_subcommand_from {name}' -s {letter}"));
            }
        }
    }
    for below in command.get_subcommands() {
        completed(below, format!("{path} {}", below.get_name()).trim_start(), flags);
    }
}

/// The script with names first: what it was for `box` is for all that is no name.
fn with_zsh_names(script: &str) -> String {
    let mut out = script.replacen("\n_box() {\n", "\n_box_words() {\n", 1);
    // Before the last part, which calls what the rest defines.
    let end = out.rfind("\nif [ \"$funcstack[1]\"").unwrap_or(out.len());
    out.insert_str(end, ZSH_NAMES);
    out
}

const ZSH_NAMES: &str = r#"
# The names of containers, images, networks and volumes where one is wanted, asked of box itself.
_box() {
    local -a names
    names=(${(f)"$(_call_program names "${(Q)words[1]}" __complete "${(@q)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#names )); then
        # A key waits for its value.
        local -a keys
        keys=(${(M)names:#*=})
        names=(${names:#*=})
        compadd -S '' -a keys
        compadd -a names
    else
        _box_words "$@"
    fi
}
"#;

const BASH: &str = r#"# Completion of box: what can stand at the cursor is asked of box itself.
_box() {
    # Not COMP_WORDS, where a name with a colon is three words.
    local line=${COMP_LINE:0:COMP_POINT} words offers
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    COMPREPLY=()
    offers=$("${COMP_WORDS[0]}" __complete_all "${words[@]:1}" 2>/dev/null)
    # Files where there is nothing else, by what this was registered with.
    [[ $offers ]] || return 0
    local cur=${words[-1]}
    mapfile -t COMPREPLY <<<"$offers"
    case ${words[-2]} in
    -v | --volume)
        # A volume or a directory; the path inside follows.
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
        compopt -o nospace 2>/dev/null
        ;;
    esac
    # A key waits for its value.
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    # Only what follows the colon is replaced.
    COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*[:=]}"}"}")
    return 0
}
complete -F _box -o bashdefault -o default box
"#;

const FISH_NAMES: &str = r#"
# The names of containers, images, networks and volumes where one is wanted, asked of box itself.
function __box_names
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null | string replace -r '^--[^=]*=' ''
end
complete -c box -n 'test -n "$(__box_names)"' -f -a '(__box_names)'
"#;
