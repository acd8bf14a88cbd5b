//! `box completion`.

use super::{Context, names, output, tree};
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
    match shell {
        Shell::Bash => script.extend_from_slice(BASH_NAMES.as_bytes()),
        Shell::Fish => {
            script.extend_from_slice(FISH_NAMES.as_bytes());
            for (flag, _) in names::FLAGS {
                script.extend(format!("complete -c box -l {flag} -x -a '(__box_names)'\n").into_bytes());
            }
        }
        _ => script = with_zsh_names(&String::from_utf8_lossy(&script)).into_bytes(),
    }
    script
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
        compadd -a names
    else
        _box_words "$@"
    fi
}
"#;

const BASH_NAMES: &str = r#"
# The names of containers, images, networks and volumes where one is wanted, asked of box itself.
_box_with_names() {
    # Not COMP_WORDS, where a name with a colon is three words.
    local line=${COMP_LINE:0:COMP_POINT} words names
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    names=$("${COMP_WORDS[0]}" __complete "${words[@]:1}" 2>/dev/null)
    if [[ $names ]]; then
        local cur=${words[-1]}
        # Only what follows the colon is replaced.
        mapfile -t COMPREPLY <<<"$names"
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*[:=]}"}"}")
    else
        _box "$@"
    fi
}
complete -F _box_with_names -o bashdefault -o default box
"#;

const FISH_NAMES: &str = r#"
# The names of containers, images, networks and volumes where one is wanted, asked of box itself.
function __box_names
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null | string replace -r '^--[^=]*=' ''
end
complete -c box -n 'test -n "$(__box_names)"' -f -a '(__box_names)'
"#;
