"""What helps where a ROS 2 robot or camera fails, in German; `{}` stands for names."""

from __future__ import annotations

GERMAN = {
    "Ask for moves, moves of the joints and grips.": "Bahnen, Gelenkbahnen und Griffe verlangen.",
    "Activate one of them: ros2 control list_controllers shows them.": (
        "Eine davon aktivieren: ros2 control list_controllers zeigt sie."
    ),
    "Activate the controller, then press or plan anew: ros2 control list_controllers shows which are active.": (
        "Die Steuerung aktivieren, dann neu drücken oder planen; ros2 control list_controllers zeigt, was aktiv ist."
    ),
    "See whether it is active (ros2 control list_controllers): an inactive controller refuses everything.": (
        "Nachsehen, ob sie aktiv ist (ros2 control list_controllers): eine inaktive Steuerung lehnt alles ab."
    ),
    "Calibrate the camera, and give its driver the result.": (
        "Die Kamera kalibrieren und das Ergebnis ihrem Treiber geben."
    ),
    "Clear the cell and acknowledge the stop first.": "Zelle frei machen und erst den Halt quittieren.",
    "Clear the cell and acknowledge the stop.": "Zelle frei machen und den Halt quittieren.",
    "Clear the cell and acknowledge.": "Zelle frei machen und quittieren.",
    "Close what loads this machine, and press again.": (
        "Beenden, was diesen Rechner auslastet, und noch einmal drücken."
    ),
    "Correct its at in the cell file, or the transform.": (
        "In der Zellendatei das `at` der Kamera berichtigen, oder die Transformation."
    ),
    "Correct the camera's topics in the cell file: depth is an Image, points a PointCloud2.": (
        "In der Zellendatei die Topics der Kamera berichtigen: depth ist ein Image, points eine PointCloud2."
    ),
    "Correct the skill that asks for it.": "Das Programm berichtigen, das es verlangt.",
    "End this process.": "Diesen Prozess beenden.",
    "Have its driver stamp by the simulator's time, or leave use_sim_time out of the cell file.": (
        "Ihren Treiber mit der Zeit des Simulators stempeln lassen, oder use_sim_time in der Zellendatei weglassen."
    ),
    "Have its driver stamp by the system's time, or write use_sim_time: true where a simulator stamps.": (
        "Ihren Treiber mit der Systemzeit stempeln lassen; wo ein Simulator stempelt: use_sim_time: true."
    ),
    "Have the camera's driver stamp them.": "Den Treiber der Kamera Zeitstempel setzen lassen.",
    "Have the driver keep clouds organised.": "Den Treiber die Punkte in Zeilen lassen (organised).",
    "Have the driver publish whole pictures.": "Den Treiber ganze Bilder senden lassen.",
    "Let a person do it, or use a stronger robot.": "Jemanden machen lassen oder einen stärkeren Roboter nehmen.",
    "Name the camera's depth topic: its encoding is 16UC1 (mm) or 32FC1 (m).": (
        "Das Topic der Tiefenbilder nennen: ihre Kodierung ist 16UC1 (mm) oder 32FC1 (m)."
    ),
    "Name the camera's topic of points.": "Das Topic der Punkte dieser Kamera nennen.",
    "Name the info topic of this very picture.": "Das `info`-Topic genau dieses Bildes nennen.",
    "Look at gripper and part.": "Greifer und Teil ansehen.",
    "Look at the cell, then acknowledge.": "Die Zelle ansehen, dann quittieren.",
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
    "Press again.": "Noch einmal drücken.",
    "Press the emergency stop.": "Not-Halt drücken.",
    "Publish the cloud in the camera's optical frame (z along the view), or name the depth picture's topic.": (
        "Die Punkte im optischen Rahmen der Kamera senden (z in Blickrichtung), oder das Topic des Tiefenbilds nennen."
    ),
    "Rectify the pictures (image_proc) and write rectified: true; or, where they are, say so.": (
        "Die Bilder entzerren (image_proc) und rectified: true schreiben; wo sie es schon sind, das allein."
    ),
    "Release it at the robot.": "Am Roboter freigeben.",
    "Release the emergency stop or clear the fault at the robot.": (
        "Am Roboter den Not-Halt entriegeln oder die Störung beheben."
    ),
    "Release the stop at the robot.": "Den Halt am Roboter freigeben.",
    "See the camera's driver.": "Den Treiber der Kamera prüfen.",
    "See the camera, and whether pictures get through (ros2 topic hz); large ones want larger socket buffers.": (
        "Die Kamera prüfen, und ob Bilder durchkommen (ros2 topic hz); große brauchen größere Socket-Puffer."
    ),
    "See the clocks of camera and transforms: use_sim_time for both, or for neither.": (
        "Die Uhren von Kamera und Transformationen prüfen: use_sim_time für beide oder für keine."
    ),
    "See the network to the robot, and what loads this machine; then press again.": (
        "Das Netz zum Roboter prüfen, und was diesen Rechner auslastet; dann noch einmal drücken."
    ),
    "See the robot's joint states and the clocks of robot and camera.": (
        "Die Gelenkstellungen des Roboters prüfen, und die Uhren von Roboter und Kamera."
    ),
    "See whether the simulator is slow, or began anew.": "Nachsehen, ob der Simulator langsam ist oder neu begann.",
    "See who publishes it, and that it stamps by the same clock as the camera.": (
        "Nachsehen, wer sie sendet, und ob mit derselben Uhr wie die Kamera."
    ),
    "Start it again, then plan anew.": "Neu starten, dann neu planen.",
    "Start it again.": "Neu starten.",
    "Start it at the robot.": "Am Roboter starten.",
    "Start it, or correct the cell file.": "Starten oder die Zellendatei berichtigen.",
    "Start it.": "Starten.",
    "Start the camera's driver, or correct its topics in the cell file.": (
        "Den Treiber der Kamera starten oder in der Zellendatei ihre Topics berichtigen."
    ),
    "Start the simulator, or leave use_sim_time out.": "Den Simulator starten oder use_sim_time weglassen.",
    "Start what publishes the camera's place (/tf, /tf_static), or correct tf and frame.": (
        "Starten, was den Ort der Kamera sendet (/tf, /tf_static), oder tf und frame berichtigen."
    ),
    "Synchronise the clocks of both machines (chrony, PTP).": "Die Uhren beider Rechner abgleichen (chrony, PTP).",
    "Take the depth picture with the lens that it was made for.": (
        "Das Tiefenbild mit der Linse nehmen, für die es gerechnet wurde."
    ),
    "Write the camera's optical frame: frame.": "Den optischen Rahmen der Kamera schreiben: frame.",
    "Write size_px: [{}, {}] and view_deg: {} there.": "Dort size_px: [{}, {}] und view_deg: {} schreiben.",
    "Start the robot's driver, or correct the names under adapters, robot_ros2 in the cell file.": (
        "Den Treiber des Roboters starten oder in der Zellendatei unter adapters, robot_ros2 die Namen berichtigen."
    ),
    "Start the sensor, or let a person do it.": "Den Sensor starten oder jemanden machen lassen.",
    "Ask again; if it stays so, look at move_group's log.": (
        "Noch einmal fragen; bleibt es dabei, ins Protokoll von move_group sehen."
    ),
    "Correct planner, moveit in the cell file, or MoveIt's own configuration.": (
        "In der Zellendatei planner, moveit berichtigen, oder MoveIts eigene Einstellungen."
    ),
    "Give it more time_s or attempts under planner, moveit, or another planner.": (
        "Ihm unter planner, moveit mehr time_s oder attempts geben, oder einen anderen Planer."
    ),
    "Look at move_group's log.": "Ins Protokoll von move_group sehen.",
    "Name the group's joints under robot_ros2, joints in the cell file.": (
        "In der Zellendatei unter robot_ros2, joints die Gelenke der Gruppe nennen."
    ),
    "Restart move_group; if it stays so, choose another planner.": (
        "move_group neu starten; bleibt es dabei, einen anderen Planer wählen."
    ),
    "Retreat first, or correct the scene.": "Erst zurückziehen, oder die Szene berichtigen.",
    "See that move_group hears the joint states.": "Dafür sorgen, dass move_group die Gelenkstände hört.",
    "See that tip, hand and frame under planner, moveit are names that its model knows.": (
        "Dafür sorgen, dass MoveIts Modell die Namen unter planner, moveit kennt: tip, hand und frame."
    ),
    "Start move_group, or take planner out of the cell file to plan without it.": (
        "move_group starten, oder planner aus der Zellendatei nehmen, um ohne MoveIt zu planen."
    ),
    "Look what was in the arm's way, and at move_group's log.": (
        "Nachsehen, was dem Arm im Weg war, und ins Protokoll von move_group."
    ),
    "See who else uses move_group, then plan anew.": "Nachsehen, wer move_group noch benutzt, dann neu planen.",
    "Set the robot's own speed to 100 %, or have move_group allow more (trajectory_execution).": (
        "Die Geschwindigkeit am Roboter auf 100 % stellen, oder move_group mehr erlauben lassen (trajectory_execution)."
    ),
    "Start move_group, or take execute out of the cell file.": (
        "move_group starten, oder execute aus der Zellendatei nehmen."
    ),
    "Start move_group, then plan anew from where the arm stands.": (
        "move_group starten, dann von dort neu planen, wo der Arm steht."
    ),
    "Start the cell again.": "Die Zelle neu starten.",
    "Start it with other joints, move point to point, or clear the way.": (
        "Mit anderen Gelenkstellungen beginnen, frei statt gerade fahren, oder den Weg frei machen."
    ),
    "Wait for its end.": "Warten, bis sie zu Ende ist.",
    "Wait for the motion's end, or cancel it.": "Warten, bis die Bewegung zu Ende ist, oder sie abbrechen.",
}
