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
    match shell {
        Shell::Bash => script.extend_from_slice(BASH_NAMES.as_bytes()),
        Shell::Fish => script.extend_from_slice(FISH_NAMES.as_bytes()),
        _ => script = with_zsh_names(&String::from_utf8_lossy(&script)).into_bytes(),
    }
    script
}

/// What a word of a zsh script stands for, by what the script says of it.
const ZSH_KINDS: &[(&[&str], &str)] = &[
    (
        &[":container -- ", ":containers -- ", ":words -- The container", "--requires=", "--volumes-from="],
        "_box_containers",
    ),
    (&[":image -- ", ":images -- ", ":words -- The image"], "_box_images"),
    (&[":network -- ", ":networks -- ", "--network=", "--net="], "_box_networks"),
    (&[":volume -- ", ":volumes -- "], "_box_volumes"),
];

/// The script with the names of what there is where a command takes them.
fn with_zsh_names(script: &str) -> String {
    let mut out = String::with_capacity(script.len() + ZSH_NAMES.len());
    for line in script.split_inclusive('\n') {
        let of =
            |kind: &&(&[&str], &str)| kind.0.iter().any(|word| line.starts_with('\'') && line.contains(word));
        match (line.rsplit_once(":_default'"), ZSH_KINDS.iter().find(of)) {
            (Some((before, after)), Some((_, function))) => out.extend([before, ":", *function, "'", after]),
            _ => out.push_str(line),
        }
    }
    // Before the last part, which calls what the rest defines.
    match out.rfind("\nif [ \"$funcstack[1]\"") {
        Some(at) => out.insert_str(at, ZSH_NAMES),
        None => out.push_str(ZSH_NAMES),
    }
    out
}

const ZSH_NAMES: &str = r#"
# Names of containers by their state, images, networks and volumes, asked of box itself.
_box_containers() {
    local -a names
    case $words[1] in
        start) names=(${(f)"$(box ps -a --filter status=created --filter status=exited --format '{{.Names}}' 2>/dev/null)"}) ;;
        attach|exec|kill|pause|stop|top) names=(${(f)"$(box ps --format '{{.Names}}' 2>/dev/null)"}) ;;
        *) names=(${(f)"$(box ps -a --format '{{.Names}}' 2>/dev/null)"}) ;;
    esac
    compadd -a names
}
_box_images() {
    local -a names
    names=(${(f)"$(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)"})
    (( CURRENT > 2 )) && [[ $words[1] == (run|create) && -z ${words[CURRENT]} ]] && _default
    compadd -a names
}
_box_networks() {
    local -a names
    names=(none host ${(f)"$(box network ls --format '{{.Name}}' 2>/dev/null)"})
    compadd -a names
}
_box_volumes() {
    local -a names
    names=(${(f)"$(box volume ls --format '{{.Name}}' 2>/dev/null)"})
    compadd -a names
}
"#;

/// The names of what there is, asked of box itself while the user types.
const BASH_NAMES: &str = r#"
# Names of containers by their state, images, networks and volumes, where a command takes them.
_box_with_names() {
    _box "$@"
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= image= list= word at skip=
    # The command, and whether a word that is no flag follows it; values of long flags stay apart
    # with a blank, so `run --name web` has no image yet.
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if [[ $skip ]]; then skip=; continue; fi
        case $word in
            =) skip=1 ;;
            --root|--runroot|--log-level) skip=1 ;;
            --name|--network|--net|--hostname|--user|--workdir|--env|--volume|--publish|--label|--entrypoint|--mount|-e|-v|-p|-u|-w|-h|-l)
                [[ ${COMP_WORDS[at+1]} == = ]] || skip=1 ;;
            -*) ;;
            container|image|system|network|volume)
                if [[ $command ]]; then image=1; else command="$word "; fi ;;
            *) if [[ -z $command || $command == *" " ]]; then command+=$word; else image=1; fi ;;
        esac
    done
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    local names='{{.Names}}'
    case $prev in
        --network|--net) list="none host $(box network ls --format '{{.Name}}' 2>/dev/null)" ;;
        --requires|--volumes-from) list=$(box ps -a --format "$names" 2>/dev/null) ;;
        *)
            [[ $cur == -* ]] && return
            case ${command#container } in
                run|create)
                    [[ $image ]] || list=$(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
                history|push|rmi|save|tag|untag|image\ *)
                    list=$(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
                start)
                    list=$(box ps -a --filter status=created --filter status=exited --format "$names" 2>/dev/null) ;;
                exec)
                    [[ $image ]] || list=$(box ps --format "$names" 2>/dev/null) ;;
                attach|kill|pause|stop|top)
                    list=$(box ps --format "$names" 2>/dev/null) ;;
                commit|cp|diff|export|logs|port|rename|restart|rm|wait|exists|checkpoint)
                    list=$(box ps -a --format "$names" 2>/dev/null) ;;
                inspect)
                    list=$(box ps -a --format "$names" 2>/dev/null; [[ $command == inspect ]] && box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null) ;;
                network\ connect|network\ disconnect|network\ exists|network\ inspect|network\ rm|network\ remove)
                    list=$(box network ls --format '{{.Name}}' 2>/dev/null) ;;
                volume\ exists|volume\ export|volume\ inspect|volume\ mount|volume\ rm|volume\ remove|volume\ unmount)
                    list=$(box volume ls --format '{{.Name}}' 2>/dev/null) ;;
            esac ;;
    esac
    [[ $list ]] && COMPREPLY=($(compgen -W "$list" -- "$cur"))
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _box_with_names -o bashdefault -o default box
"#;

const FISH_NAMES: &str = r#"
# Names of containers by their state, images, networks and volumes, where a command takes them.
complete -c box -n "__fish_seen_subcommand_from attach exec kill pause stop top" -f -a "(box ps --format '{{.Names}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from start" -f -a "(box ps -a --filter status=created --filter status=exited --format '{{.Names}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from commit cp diff export inspect logs port rename restart rm wait; and not __fish_seen_subcommand_from network volume image" -f -a "(box ps -a --format '{{.Names}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from run create history push rmi save tag untag image" -f -a "(box images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from network; and __fish_seen_subcommand_from connect disconnect exists inspect rm" -f -a "(box network ls --format '{{.Name}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from volume; and __fish_seen_subcommand_from exists export inspect rm" -f -a "(box volume ls --format '{{.Name}}' 2>/dev/null)"
complete -c box -n "__fish_seen_subcommand_from run create" -l network -x -a "none host (box network ls --format '{{.Name}}' 2>/dev/null)"
"#;
