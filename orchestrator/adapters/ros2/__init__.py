"""A ROS 2 robot in pieces: trajectories, goals, readings, safety sources. Only `node` imports rclpy, lazily."""
