# fish completion for ragchat(1): asks the program, which asks the daemon that runs (none is started).
function __ragchat_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string unescape)
    test (count $current) -eq 1; or set current (commandline -ct)
    for line in ($words[1] __complete fish $words -- "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :nospace
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c ragchat -f -a '(__ragchat_complete)'
