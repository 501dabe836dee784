#compdef ragchat
# zsh completion for ragchat(1): asks the program, which asks the daemon that runs (none is started).
_ragchat()
{
	local line value
	local -a values shown
	while IFS= read -r line; do
		case $line in
		:files) _files; return ;;
		:nospace) ;;
		*)
			value=${line%%$'\t'*}
			values+=("$value")
			[[ $line == *$'\t'* ]] && shown+=("${value}  -- ${line#*$'\t'}") || shown+=("$value")
			;;
		esac
	done < <("${(Q)words[1]}" __complete zsh "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
	(( $#values )) && compadd -l -d shown -a -- values
}
if [[ $funcstack[1] == _ragchat ]]; then
	_ragchat "$@"
else
	compdef _ragchat ragchat
fi
