# The demo on a processor: docker build -t segnet . && docker run --rm -p 8765:8765 segnet
# Another command: docker run --rm -v "$PWD:/data" segnet predict camvid-lite street.jpg --out predictions
FROM python:3.12-slim-bookworm

# PyTorch's CPU builds: docker build --build-arg TORCH_INDEX=ADDRESS, the address of PyTorch's installation page.
# Without it the usual builds are installed, which hold CUDA's libraries and are several GB larger.
ARG TORCH_INDEX=""

# OpenCV's windows need these two.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/segnet
COPY requirements.txt pyproject.toml setup.py README.md LICENSE ./
COPY segnet segnet
COPY datasets datasets
COPY configs configs
# torch and torchvision come from the same place, at the versions that the project is tested with.
RUN grep -E '^(torch|torchvision)==' requirements.txt > torch.txt \
    && pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --requirement torch.txt \
    && pip install --no-cache-dir --constraint requirements.txt '.[demo,deploy]' \
    && useradd --create-home --uid 1000 segnet \
    && install --directory --owner segnet /data

USER 1000
WORKDIR /data
EXPOSE 8765
ENTRYPOINT ["segnet"]
# A container's own address is not reached from outside, so the demo listens at all of them.
CMD ["demo", "--host", "0.0.0.0"]
