#!/bin/sh
# Makes the .deb packages and tries them.
# Usage: deb_test.sh BUILD_DIRECTORY SOURCE_DIRECTORY C_COMPILER [ROOT]. Exit code 77: skipped.
#
# Without ROOT they are unpacked into an empty folder, and an example is built and run with what is
# there. With ROOT, a folder that holds a Debian or gets one from debootstrap, and as root, they are
# installed there with apt, every example is built with the line in its head, and they are removed
# again; TEST_PYTHON, a Python with costmark[emulator], then names what the examples talk to.
set -eu
for tool in cpack dpkg-deb dpkg-shlibdeps file pkg-config; do
  command -v "$tool" > /dev/null || { echo "skipped: no $tool"; exit 77; }
done
build=$1 source=$2 compiler=$3 root=${4:-}
work=$(mktemp -d)
emulator=
clean() {
  [ -z "$emulator" ] || kill "$emulator"
  rm -rf "$work"
}
trap clean EXIT
fail() { echo "$*"; exit 1; }

(cd "$work" && cpack --config "$build/CPackConfig.cmake" -G DEB -B "$work/packages" > "$work/log" 2>&1) ||
  { cat "$work/log"; exit 1; }
if grep -q -e 'CMake Error' -e 'dpkg-deb: error' "$work/log"; then cat "$work/log"; exit 1; fi
runtime=$(echo "$work"/packages/libcostmark1_*.deb)
development=$(echo "$work"/packages/libcostmark-dev_*.deb)

# --- What they say and hold -----------------------------------------------------------------------

version=$(dpkg-deb --field "$runtime" Version)
test "$(dpkg-deb --field "$development" Depends)" = "libcostmark1 (= $version)"
for needed in libc6 libcurl4 libssl3 libsimdjson libstdc++6; do
  dpkg-deb --field "$runtime" Depends | grep -q -F "$needed" || fail "libcostmark1 does not depend on $needed"
done
dpkg-deb --ctrl-tarfile "$runtime" | tar -t | sort > "$work/control"
printf '%s\n' ./ ./control ./md5sums ./shlibs ./symbols ./triggers | diff - "$work/control"
dpkg-deb --ctrl-tarfile "$runtime" | tar -xO ./symbols |
  sed -n 's/^ \(costmark_[a-z_]*\)@COSTMARK_\([0-9.]*\) \2$/\1 \2/p' > "$work/symbols"
grep -v '^#' "$source/capi/costmark.symbols" | diff - "$work/symbols"

dpkg-deb -x "$runtime" "$work/unpacked"
find "$work/unpacked" -type f ! -path '*/share/doc/libcostmark1/*' ! -name 'libcostmark.so.1.*' | grep . &&
  fail "these do not belong into libcostmark1"
dpkg-deb -x "$development" "$work/unpacked"
if find "$work/unpacked" -type f -name '*.3' | grep .; then fail "a manual page is not compressed"; fi
for package in libcostmark1 libcostmark-dev; do
  for file in copyright changelog.Debian.gz; do
    test -s "$work/unpacked/usr/share/doc/$package/$file" || fail "$package has no $file"
  done
done
if dpkg-deb -c "$runtime" | grep -v ' root/root '; then fail "a file is not root's"; fi

# --- In an empty folder ---------------------------------------------------------------------------

in_a_folder() {
  libraries=$(dirname "$(find "$work/unpacked" -name libcostmark.so)")
  export PKG_CONFIG_PATH="$libraries/pkgconfig" LD_LIBRARY_PATH="$libraries"
  for module in costmark costmark-static; do
    # Word splitting is meant: pkg-config prints a list of arguments.
    # shellcheck disable=SC2046
    "$compiler" "$source/examples/c/prepare.c" $(pkg-config --cflags --libs "$module") -o "$work/prepare"
    env -i LD_LIBRARY_PATH="$libraries" "$work/prepare" | grep -q 'project proj_abc123, from client'
  done
}

# --- In a Debian of its own -----------------------------------------------------------------------

in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  $(env | grep -i -E '^(https?|no)_proxy=') "$@"; }
inside() { in_root chroot "$root" "$@"; }
install_in_root() { inside apt-get install -y -q --no-install-recommends "$@" > "$work/apt" 2>&1 ||
  { cat "$work/apt"; exit 1; }; }
files_in_root() { inside find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/cache \
  -o -path /var/log -o -path /var/lib/apt \) -prune -o -print | sort; }

make_root() {
  in_root debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" > "$work/debootstrap"
  rm -f "$root/etc/apt/sources.list"
  for path in /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d; do
    [ ! -e "$path" ] || cp -r "$path" "$root$(dirname "$path")"
  done
  mkdir -p "$root/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  inside apt-get update -q > "$work/apt"
}

# run_example PROGRAM ARGUMENT...: as it runs for somebody who signs for the emulator.
run_example() {
  inside env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY \
    COSTMARK_AUTH=sigv4 COSTMARK_REGION=us-east-1 COSTMARK_SERVICE=bedrock-mantle \
    COSTMARK_BASE_URL="$url" COSTMARK_PROJECT=proj_deb "$@"
}

try_examples() {
  examples=/usr/share/doc/libcostmark-dev/examples
  for example in "$root$examples"/c/*.c "$root$examples"/cpp/*.cpp; do
    line=$(sed -n 's/^[ */]*\(g[c+][c+] .* -o [a-z]*\)$/\1/p' "$example")
    name=$(basename "$example")
    language=$(basename "$(dirname "$example")")
    inside sh -c "cd $examples/$language && $(echo "$line" | sed 's, -o .*,,') -o /tmp/$name.out" || fail "$name: $line"
  done
  inside /tmp/prepare.c.out | grep -q 'project proj_abc123, from client'
  inside sh -c "cd $examples/c && gcc prepare.c \$(pkg-config --cflags --libs costmark-static) -o /tmp/archive"
  inside /tmp/archive | grep -q 'project proj_abc123, from client'
  inside ldd /tmp/archive | grep -q libcostmark && fail "the archive was not linked"
  [ -n "${TEST_PYTHON:-}" ] || { echo 'without TEST_PYTHON no example talks to the emulator'; return; }
  "$TEST_PYTHON" -m costmark.emulator --port 0 --project proj_deb > "$work/emulator" &
  emulator=$!
  while ! grep -q listening "$work/emulator"; do sleep 0.1; done
  url=$(sed 's/listening on //' "$work/emulator")
  for name in curl.c send.c send.cpp; do
    run_example "/tmp/$name.out" proj_deb "$url/v1/chat/completions" > "$work/answer" 2> "$work/said" ||
      { cat "$work/said"; exit 1; }
    grep -q -F 'data: [DONE]' "$work/answer"
    grep 'proj_deb: [1-9][0-9]* tokens in, [1-9][0-9]* out' "$work/said"
  done
  echo '{"model": "openai.gpt-oss-20b", "messages": [{"role": "user", "content": "Hello"}]}' |
    run_example /tmp/legacy.c.out "$url/v1/chat/completions" | grep -q chat.completion
}

in_a_debian() {
  [ "$(id -u)" = 0 ] || { echo "skipped: only root may chroot"; exit 77; }
  [ -e "$root/etc/debian_version" ] || make_root
  # What the packages need, first: so that nothing but they come and go between the two lists.
  install_in_root $(dpkg-deb --field "$runtime" Depends | sed 's/([^)]*)//g; s/,/ /g')
  install_in_root gcc g++ libc6-dev pkgconf libcurl4-openssl-dev libssl-dev libsimdjson-dev
  inside ldconfig
  files_in_root > "$work/before"
  cp "$runtime" "$development" "$root/tmp/"
  install_in_root "/tmp/$(basename "$runtime")" "/tmp/$(basename "$development")"
  inside ldconfig -p | grep -q 'libcostmark\.so\.1 ' || fail "the loader does not know the library"
  try_examples
  inside dpkg -P libcostmark-dev libcostmark1 > /dev/null
  files_in_root > "$work/after"
  diff "$work/before" "$work/after" || fail "> is left over"
  if inside ldconfig -p | grep libcostmark; then fail "the loader still knows the library"; fi
  if inside dpkg-query -W 'libcostmark*' 2> /dev/null | grep .; then fail "dpkg still knows them"; fi
  inside /tmp/archive | grep -q 'project proj_abc123, from client'
  echo "installed, tried and removed in $root"
}

if [ -n "$root" ]; then in_a_debian; else in_a_folder; fi
