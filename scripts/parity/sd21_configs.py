"""The JSON files of a Stable Diffusion 2.1 base folder, as far as a loader reads them."""

from typing import Dict

UNET = {
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.10.0",
    "act_fn": "silu",
    "attention_head_dim": [5, 10, 20, 20],  # the number of heads, in spite of the name
    "block_out_channels": [320, 640, 1280, 1280],
    "center_input_sample": False,
    "cross_attention_dim": 1024,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "use_linear_projection": True,
}

VAE = {
    "_class_name": "AutoencoderKL",
    "_diffusers_version": "0.10.0",
    "act_fn": "silu",
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 768,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}

TEXT_ENCODER = {
    "architectures": ["CLIPTextModel"],
    "attention_dropout": 0.0,
    "bos_token_id": 0,
    "dropout": 0.0,
    "eos_token_id": 2,
    "hidden_act": "gelu",
    "hidden_size": 1024,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "intermediate_size": 4096,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 77,
    "model_type": "clip_text_model",
    "num_attention_heads": 16,
    "num_hidden_layers": 23,
    "pad_token_id": 1,
    "projection_dim": 512,
    "torch_dtype": "float32",
    "vocab_size": 49408,
}

SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.10.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.10.0",
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def special(content: str, normalized: bool) -> dict:
    return {"content": content, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False}


SPECIAL_TOKENS_MAP = {
    "bos_token": special("<|startoftext|>", True),
    "eos_token": special("<|endoftext|>", True),
    "pad_token": "!",  # id 0; the tokenizer's own configuration still names the end of text
    "unk_token": special("<|endoftext|>", True),
}

TOKENIZER_CONFIG = {
    "add_prefix_space": False,
    "bos_token": {"__type": "AddedToken", **special("<|startoftext|>", True)},
    "do_lower_case": True,
    "eos_token": {"__type": "AddedToken", **special("<|endoftext|>", True)},
    "errors": "replace",
    "model_max_length": 77,
    "pad_token": "<|endoftext|>",
    "tokenizer_class": "CLIPTokenizer",
    "unk_token": {"__type": "AddedToken", **special("<|endoftext|>", True)},
}

FILES: Dict[str, dict] = {
    "model_index.json": MODEL_INDEX,
    "scheduler/scheduler_config.json": SCHEDULER,
    "text_encoder/config.json": TEXT_ENCODER,
    "tokenizer/special_tokens_map.json": SPECIAL_TOKENS_MAP,
    "tokenizer/tokenizer_config.json": TOKENIZER_CONFIG,
    "unet/config.json": UNET,
    "vae/config.json": VAE,
}
