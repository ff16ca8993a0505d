"""Full-size Stable Diffusion 2.1 with random weights: written, compared with diffusers, run through the addon."""
