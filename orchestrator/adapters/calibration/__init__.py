"""Calibration of cameras with ChArUco boards. OpenCV is imported in here alone, and only when it is needed."""
