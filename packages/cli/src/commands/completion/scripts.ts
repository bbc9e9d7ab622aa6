/** The shells that have a script. */
export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** Returns a script unchanged, except that `§` becomes `$`, which a template literal would interpret. */
function script({ raw: [text = ""] }: TemplateStringsArray): string {
  return text.replaceAll("§", "$");
}

/** The script that a shell evaluates to complete `vyra-ipc`. At each Tab the script calls `vyra-ipc __complete`. */
export const scripts: Readonly<Record<Shell, string>> = {
  // macOS has bash 3.2, which has no mapfile, no negative subscripts, and perhaps no compopt.
  bash: script`# vyra-ipc in bash. In ~/.bashrc: eval "$(vyra-ipc completion bash)"
_vyra_ipc() {
  local words=() glue= cur= cut= value i
  # bash cuts words at colons and equals signs; here they are one.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    value=§{COMP_WORDS[i]}
    if [[ §{#words[@]} -gt 0 && ( -n $glue || $value == [:=]* ) ]]; then
      words[§{#words[@]}-1]+=$value
    else
      words[§{#words[@]}]=$value
    fi
    if [[ $value == [:=]* ]]; then glue=1; else glue=; fi
  done
  cur=§{words[§{#words[@]}-1]}
  if [[ $cur == *[:=]* ]]; then cut=§{cur%"§{cur##*[:=]}"}; fi
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    case $value in
      :files | :folders)
        compopt -o filenames 2>/dev/null
        local kind=-f
        if [[ $value == :folders ]]; then kind=-d; fi
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen $kind -- "§{cur#"$cut"}")
        ;;
      *)
        if [[ $value == */ ]]; then compopt -o nospace 2>/dev/null; fi
        COMPREPLY+=("$(printf %q "§{value#"$cut"}")")
        ;;
    esac
  done < <("$1" __complete -- "§{words[@]}" 2>/dev/null)
}
complete -F _vyra_ipc vyra-ipc
`,
  zsh: script`#compdef vyra-ipc
# vyra-ipc in zsh. In ~/.zshrc, behind compinit: eval "$(vyra-ipc completion zsh)"
_vyra_ipc() {
  local line value
  local -a described folders
  for line in "§{(@f)$(command vyra-ipc __complete -- "§{(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=§{line%%$'\t'*}
    case $value in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      */) folders+=("$value") ;;
      *) described+=("§{value//:/\\:}§{§{(M)line:#*$'\t'*}:+:§{line#*$'\t'}}") ;;
    esac
  done
  if (( $#folders )); then compadd -S '' -- "§{folders[@]}"; fi
  if (( $#described )); then _describe -t values value described; fi
}
if [[ §{funcstack[1]} == _vyra_ipc ]]; then _vyra_ipc "$@"; else compdef _vyra_ipc vyra-ipc; fi
`,
  fish: script`# vyra-ipc in fish. Once: vyra-ipc completion fish > ~/.config/fish/completions/vyra-ipc.fish
function __vyra_ipc_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    for line in (command vyra-ipc __complete -- $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c vyra-ipc -f -a '(__vyra_ipc_complete)'
`,
};
