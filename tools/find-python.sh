#!/bin/sh
# Prints the first Python that is new enough; says so in one line when there is none.
for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
      echo "$python"
      exit 0
    fi
    echo "simka: $python lacks the venv module (on Debian: apt-get install python3-venv)" >&2
    exit 1
  fi
done
echo "simka: Python 3.11 or newer is needed, and none was found" >&2
exit 1
