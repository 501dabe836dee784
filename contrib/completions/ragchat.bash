# bash completion for ragchat(1). All of the work is done by the program itself, which asks the daemon
# that runs (none is started) and quotes what it gives, whatever names have in them.
_ragchat()
{
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:files) compopt -o default -o filenames; COMPREPLY=(); return ;;
		:nospace) compopt -o nospace ;;
		*) COMPREPLY+=("$line") ;;
		esac
	done < <("${COMP_WORDS[0]}" __complete bash "$COMP_LINE" "$COMP_POINT" "$2" 2>/dev/null)
}
complete -F _ragchat ragchat
