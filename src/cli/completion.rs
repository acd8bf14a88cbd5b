//! `box completion`.

use super::{Context, output, tree};
use crate::error::Result;
use clap_complete::Shell;

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
    clap_complete::generate(shell, &mut tree::root(tree::Detail::Full), "box", &mut script);
    let names = match shell {
        Shell::Bash => BASH_NAMES,
        Shell::Fish => FISH_NAMES,
        _ => "",
    };
    script.extend_from_slice(names.as_bytes());
    script
}

/// The names of containers and images, asked of box itself while the user types.
const BASH_NAMES: &str = r#"
# Names of containers and images, where a command takes them.
_box_with_names() {
    _box "$@"
    local cur=${COMP_WORDS[COMP_CWORD]} list=
    [[ $cur == -* ]] && return
    case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
        *" image "*|*" run "*|*" create "*|*" rmi "*|*" tag "*|*" untag "*)
            list=$(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
        *" start "*)
            list=$(box ps -a --filter status=created --filter status=exited --format '{{.Names}}' 2>/dev/null) ;;
        *" attach "*|*" exec "*|*" kill "*|*" stop "*|*" top "*)
            list=$(box ps --format '{{.Names}}' 2>/dev/null) ;;
        *" inspect "*|*" logs "*|*" rename "*|*" restart "*|*" rm "*|*" wait "*)
            list=$(box ps -a --format '{{.Names}}' 2>/dev/null) ;;
    esac
    [[ $list ]] && COMPREPLY=($(compgen -W "$list" -- "$cur"))
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _box_with_names -o bashdefault -o default box
"#;

const FISH_NAMES: &str = r#"
# Names of containers and images, where a command takes them.
complete -c box -n "__fish_seen_subcommand_from attach exec kill stop top" -f -a "(box ps --format '{{.Names}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from inspect logs rename restart rm start wait" -f -a "(box ps -a --format '{{.Names}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from run create rmi tag untag" -f -a "(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)"
"#;
