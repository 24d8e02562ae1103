"""The stage: long synthetic videos of acting people, with exact truth in space and time.

Real clips with labels are few, and none has exact truth in space. Here every event is known to the frame and the pixel,
and the distance to the wild is a dial.

``body``      who: bodies with age, gender and build, as numpy arrays; a face of 52 actions, a skeleton with hands
``looks``     what they look like: skin, eyes, lips, brows, hair, clothes; backgrounds and lights
``render``    a scene to pixels, and to who is seen where
``script``    who does what, when, how strongly: drawn from a seed
``motion``    a script to facial actions, joint rotations and places, frame by frame
``speech``    spoken lines with known text and time, and the mouth that speaks them
``wildness``  dials from the controlled condition to the wild
``film``      a script to an mp4 and its truth
``truth``     the events table and tubes of what was rendered
``data``      a data set from one configuration
"""
