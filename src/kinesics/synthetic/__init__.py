"""Synthetic videos of acting people, with exact ground truth in space and time.

Labelled recordings are few, and none has exact truth in space. Here every event is known to the frame and the pixel, and
perturbations of graded severity lead from the controlled condition to in-the-wild video.

``script``               draw the actions and utterances of each person from a seed
``speech``               synthesize utterances, and the mouth shapes of their phonemes
``motion``               turn a script into facial actions, bone rotations and places at any time
``rig``                  the names of facial actions, bones and landmarks
``body``                 actors as arrays, and how to pose them
``anny_bodies``          make actors of random age, gender and build from the Anny model, and cache them
``appearance.surfaces``  textured surfaces, how layers are joined, and ambient occlusion
``appearance.skin``      skin, eyes, mouth, lashes, brows and wrinkles
``appearance.hair``      hair, beards and glasses
``appearance.clothes``   tops, trousers and the weave of cloth
``appearance.dress``     add all of these to a base mesh
``scenery``              backgrounds and lights
``render``               render a scene as an image, and as ids of persons and parts of the body
``perturbations``        camera shake, occluders, noise and others, from severity 0 to 3
``film``                 render a script as an MP4 video, and write its truth
``truth``                derive events, tubes and visibility from the script and the rendered ids
``dataset``              plan the data set that a configuration describes, and render its videos
"""
