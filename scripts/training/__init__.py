"""How the tone model is made: labelled texts, augmentation, network, loop, calibration, export, report."""
