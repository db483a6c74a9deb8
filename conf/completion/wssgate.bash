# shellcheck shell=bash
# bash completion for wssgate: installed as share/bash-completion/completions/wssgate.
# A test compares it with what `wssgate --help` prints.

_wssgate() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local admin='--config --admin --json' log='--log-format --log-level' words=
  COMPREPLY=()
  compopt -o filenames 2>/dev/null
  if ((COMP_CWORD > 1)); then
    case $previous in
      --log-format) words='text json' ;;
      --log-level) words='debug info warn error off' ;;
      --folder) mapfile -t COMPREPLY < <(compgen -d -- "$word") && return ;;
      -c | --config | --ca | -o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
      # What follows these only the user knows.
      --admin | --host | --endpoint | --id | --client | --older-than | --close | --address | --port | --sni | \
        --header | --subprotocol | --timeout | --interval | --upstream) return ;;
    esac
    if [[ -n $words ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
      return
    fi
  fi
  if ((COMP_CWORD == 1)); then
    words='run check status reload upgrade drain certificates connections schema doctor import-nginx dev
      --help --version'
  else
    case $command in
      run) words="--config $log" ;;
      check) words='--config --json' ;;
      status | reload | upgrade | certificates) words=$admin ;;
      drain) words="$admin --host --endpoint --undo" ;;
      connections) words="$admin --id --host --client --older-than --close" ;;
      doctor) words='--address --port --ca --sni --header --subprotocol --timeout --json --watch --interval' ;;
      import-nginx) words='--output --check --notes --ca --json' ;;
      dev) words="--upstream --port --folder --install --uninstall $log" ;;
    esac
    words+=' --help'
    if [[ $command == import-nginx && $word != -* ]]; then
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _wssgate wssgate
