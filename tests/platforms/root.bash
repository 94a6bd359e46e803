# A Debian of its own for each script here, made by debootstrap and left as it was.
#
# Sourced, it defines `in_root`. Finished roots are kept in $ROOTS (build/roots), the pip
# settings and the data ($GLUON_SOFTMAX_DATA) of this machine are lent to them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ROOTS="$(realpath -m "${ROOTS:-build/roots}")"

skip() {
  echo "skipped $(basename "$0"): $1"
  exit 0
}

# in_root SUITE ARCHITECTURE < COMMANDS: run commands beside a copy of this clone, in a
# Debian with python3, python3-venv, make and ca-certificates.
in_root() {
  [ "$(id -u)" = 0 ] || skip "only root can mount and chroot"
  command -v debootstrap > /dev/null || skip "debootstrap is missing (apt-get install it)"
  local base="$ROOTS/$1-$2" own
  if [ ! -e "$base/usr/bin/python3" ]; then
    mkdir -p "$ROOTS"
    debootstrap --arch="$2" --variant=minbase --include=ca-certificates,make,python3,python3-venv \
      "$1" "$base.part" > "$base.log" 2>&1 || skip "debootstrap failed, see $base.log"
    mv "$base.part" "$base"
  fi
  own="$(mktemp -d -p /var/tmp)"
  trap 'rm -rf --one-file-system "'"$own"'"' EXIT
  mkdir "$own"/{upper,work,root}
  unshare --mount mount -t overlay overlay "$own/root" 2> /dev/null \
    -o "lowerdir=$base,upperdir=$own/upper,workdir=$own/work" || skip "overlays cannot be mounted here"
  unshare --mount --pid --fork --kill-child bash -euo pipefail -c "$(declare -f enter); enter $base $own"
}

# enter BASE OWN: the part of it that runs in mounts of its own.
enter() {
  local root="$2/root" folder
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  cp --dereference /etc/resolv.conf "$root/etc/"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  mkdir -p "$root/root/clone" "$root/root/.config"
  git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - |
    tar --extract --no-same-owner --directory "$root/root/clone"
  for folder in /etc/pip.conf /etc/xdg/pip "$HOME/.config/pip"; do
    [ ! -e "$folder" ] || (mkdir -p "$root/$(dirname "$folder")" && cp -r "$folder" "$root/$folder")
  done
  for folder in $(python3 -m pip config list | grep -o "/[^ ':]*") ${GLUON_SOFTMAX_DATA:-}; do
    folder="${folder%/simple}" # with the files beside an index
    [ ! -d "$folder" ] || (mkdir -p "$root/$folder" && mount --bind -o ro "$folder" "$root/$folder")
  done
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive PIP_ROOT_USER_ACTION=ignore \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    ${GLUON_SOFTMAX_DATA:+GLUON_SOFTMAX_DATA="$GLUON_SOFTMAX_DATA"} \
    $(env | grep '^PIP_') bash -o pipefail -euxc "cd ~/clone; $(cat)"
}
