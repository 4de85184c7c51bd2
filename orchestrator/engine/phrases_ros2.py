"""What helps where a ROS 2 robot fails, in German; `{}` stands for names."""

from __future__ import annotations

GERMAN = {
    "Ask for moves, moves of the joints and grips.": "Bahnen, Gelenkbahnen und Griffe verlangen.",
    "Clear the cell and acknowledge the stop first.": "Zelle frei machen und erst den Halt quittieren.",
    "Clear the cell and acknowledge the stop.": "Zelle frei machen und den Halt quittieren.",
    "Clear the cell and acknowledge.": "Zelle frei machen und quittieren.",
    "Close what loads this machine, and press again.": (
        "Beenden, was diesen Rechner auslastet, und noch einmal drücken."
    ),
    "Correct the skill that asks for it.": "Das Programm berichtigen, das es verlangt.",
    "End this process.": "Diesen Prozess beenden.",
    "Let a person do it, or use a stronger robot.": "Jemanden machen lassen oder einen stärkeren Roboter nehmen.",
    "Look at gripper and part.": "Greifer und Teil ansehen.",
    "Look at the cell, then acknowledge.": "Die Zelle ansehen, dann quittieren.",
    "Look at the controller's log.": "Im Protokoll der Steuerung nachsehen.",
    "Look at the controller.": "Die Steuerung ansehen.",
    "Look at the gripper's driver.": "Den Treiber des Greifers ansehen.",
    "Look at the gripper.": "Den Greifer ansehen.",
    "Look at the robot's own screen.": "Auf dem Bedienteil des Roboters nachsehen.",
    "Look at the robot's own speed, and what is in its way; then press again.": (
        "Nachsehen, wie schnell der Roboter selbst fahren darf und was ihm im Weg ist; dann noch einmal drücken."
    ),
    "Look at the sensor.": "Den Sensor ansehen.",
    "Look what holds the arm up.": "Nachsehen, was den Arm aufhält.",
    "Look what was in the arm's way.": "Nachsehen, was dem Arm im Weg war.",
    "Look where the arm stands.": "Nachsehen, wo der Arm steht.",
    "Look where the arm stands; start its driver.": "Nachsehen, wo der Arm steht; seinen Treiber starten.",
    "Mount a lighter tool.": "Ein leichteres Werkzeug anbauen.",
    "Plan anew from where it stands.": "Von dort neu planen, wo er steht.",
    "Plan anew.": "Neu planen.",
    "Press the emergency stop.": "Not-Halt drücken.",
    "Release it at the robot.": "Am Roboter freigeben.",
    "Release the emergency stop or clear the fault at the robot.": (
        "Am Roboter den Not-Halt entriegeln oder die Störung beheben."
    ),
    "Release the stop at the robot.": "Den Halt am Roboter freigeben.",
    "Start it again, then plan anew.": "Neu starten, dann neu planen.",
    "Start it again.": "Neu starten.",
    "Start it at the robot.": "Am Roboter starten.",
    "Start it, or correct the cell file.": "Starten oder die Zellendatei berichtigen.",
    "Start it.": "Starten.",
    "Start the robot's driver, or correct the names under adapters, robot_ros2 in the cell file.": (
        "Den Treiber des Roboters starten oder in der Zellendatei unter adapters, robot_ros2 die Namen berichtigen."
    ),
    "Start the sensor, or let a person do it.": "Den Sensor starten oder jemanden machen lassen.",
    "Wait for its end.": "Warten, bis sie zu Ende ist.",
    "Wait for the motion's end, or cancel it.": "Warten, bis die Bewegung zu Ende ist, oder sie abbrechen.",
}
