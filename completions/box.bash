# Completion of box: what can stand at the cursor is asked of box itself.
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
