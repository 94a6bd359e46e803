# On x86-64 and Arm, Macs with Apple's processors included:
#   docker build --tag gluon-softmax .
#   docker run --rm --volume "$PWD:/lesson" gluon-softmax compare
FROM python:3.12-slim-bookworm
RUN case "$(dpkg --print-architecture)" in \
      amd64) libraries="libgomp1 libquadmath0" ;; \
      arm64) libraries="libgomp1 libgfortran5 libopenblas0-pthread liblapacke" ;; \
    esac && apt-get update && \
    apt-get install --yes --no-install-recommends $libraries && \
    rm -rf /var/lib/apt/lists/*
COPY . /source
RUN python -m pip install --no-cache-dir /source && gluon-softmax setup
WORKDIR /lesson
ENTRYPOINT ["gluon-softmax"]
CMD ["compare"]
