# Tandem with ROS 2 and Gazebo, and the tests of both: `docker build --build-arg DISTRO=jazzy -t tandem . && docker run --rm tandem`.
# A cell in it: `docker run --rm --network host tandem ros2 launch tandem_cell cell.launch.py robot:=gazebo`.
ARG DISTRO=jazzy

FROM node:24-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY web/build.mjs web/tsconfig.json web/tsconfig.worker.json ./
COPY web/src ./src
RUN npm run --silent build

FROM ros:${DISTRO}
SHELL ["/bin/bash", "-e", "-o", "pipefail", "-c"]
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
      python3-venv libgl1 libegl1 libx11-6 libudev1 libusb-1.0-0 && \
    rm -rf /var/lib/apt/lists/*

# What rosdep brings changes seldom: it depends on package.xml alone.
WORKDIR /ws/src/tandem
COPY package.xml ./
ENV TANDEM_GAZEBO=1
RUN apt-get update && rosdep update --rosdistro "$ROS_DISTRO" && \
    rosdep install --from-paths . --ignore-src --rosdistro "$ROS_DISTRO" -y && \
    rm -rf /var/lib/apt/lists/*

# Tandem's Python packages are newer than the distribution's: they come before those, in an environment that sees ROS 2.
RUN python3 -m venv --system-site-packages /venv
ENV PATH=/venv/bin:$PATH
COPY pyproject.toml setup.py setup.cfg constraints.txt README.md LICENSE ./
COPY resource ./resource
COPY orchestrator ./orchestrator
COPY skills ./skills
COPY instructions ./instructions
COPY launch ./launch
COPY --from=web /web/dist ./web/dist
RUN pip install --no-cache-dir --constraint constraints.txt --editable '.[test]' colcon-common-extensions
WORKDIR /ws
RUN source "/opt/ros/$ROS_DISTRO/setup.bash" && python3 -m colcon build && \
    sed -i '/^exec/i source /ws/install/setup.bash --' /ros_entrypoint.sh

WORKDIR /ws/src/tandem
COPY tests ./tests
# ROS 2 brings pytest plugins for a pytest of its own age.
ENV PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
CMD ["python3", "-m", "pytest", "-m", "ros2", "tests/ros2"]
