#!/usr/bin/env bash
# What Open3D needs from the system, and with --tests a Chromium. As root it is installed; else the command is said.
set -eu
packages=()
declare -A libraries=([libGL.so.1]=libgl1 [libEGL.so.1]=libegl1 [libX11.so.6]=libx11-6 [libudev.so.1]=libudev1 [libusb-1.0.so.0]=libusb-1.0-0)
for file in "${!libraries[@]}"; do
  ldconfig -p | grep -q "$file" || packages+=("${libraries[$file]}")
done
if [ "${1:-}" = --tests ] && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
  packages+=(chromium)
fi
[ "${#packages[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${packages[*]} ..."
  apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null && exit 0
  [ "${1:-}" = --tests ] && [ "${packages[*]}" = chromium ] && exit 0   # the browser tests say that they were skipped
  exit 1
fi
echo "Tandem needs ${#packages[@]} system package(s) first. Type this, then the same make command again:"
echo
echo "    sudo apt-get install ${packages[*]}"
echo
[ "${1:-}" = --tests ] && [ "${packages[*]}" = chromium ] && exit 0
exit 1
