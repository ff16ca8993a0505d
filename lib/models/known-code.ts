/**
 * SHA-256 of this package's own TorchScript, by its file below models/. Made by scripts/models/known-code.mjs; do not edit.
 *
 * A module is a program that runs with the user's rights when it is loaded. These are the ones that were made from the sources
 * in scripts/architectures; no other is loaded unless the user trusts it.
 */
export const KNOWN_CODE: Readonly<Record<string, string>> = {
  'blip/text_decoder.pt': 'f12ab16c02f8ef79d3dcc80f07b5c92517330df8560eaa20cdc58a1ac384872b',
  'blip/vision_encoder.pt': '8865792f7d487004b608201ec06280cb3448fca6dcbf90bb582bfed046f3658c',
  'clip/image_encoder.pt': '6940c4e77716f2721aa72c4fcd8441938fc84fe8fe38d178925812d7b4803705',
  'clip/text_encoder.pt': 'cdc62780491b81ae254012ce555967eb3a100654d79a959f1ffa8b3ce89da565',
  'miniature-plain/text_encoder.pt': '009f7015b998693f85109ce3518bdce57c69dfb6d44aee0016ea67a565240096',
  'miniature-plain/unet.pt': '4e87a456060c63eb094eb0a6329bf1bd9bff87429920b73be99cfb07163372cb',
  'miniature-plain/vae_encoder.pt': '95547adaef55d009f7646cb560997001b17df044c2209351ff59ad53d3a42f40',
  'miniature/filter/image_encoder.pt': '0fba0b5244a3b2ad56d72449635d3f20829f095f21ab73a2e45efbf0131c3f37',
  'miniature/filter/text_decoder.pt': '25e0d8d74022646bf85829ba8d0c5a32bf49316e4ed016bccfcf977ad4278f20',
  'miniature/filter/text_encoder.pt': '7c58707b2976510e160cdb1803cd729efa7d6854411ec43c19705ff5160af774',
  'miniature/filter/vision_encoder.pt': 'fb6c5d823640b8d7ac1a5553a0deebbab942e0752ae953afcc19045fcc659006',
  'miniature/text_encoder.pt': 'f80b7d5d9aa73febae8fb62e62d0db379ac4f927ff06120ee9043f4a0d4392a1',
  'miniature/unet.pt': 'ead9adb99b338d6cc6dd6a227a84f724bc72838d2c67ab91b9e66adef6b90148',
  'miniature/vae_encoder.pt': '615c76f30966e547cf3236136577794034332c9343e743e5e6b6b80d2c3a2835',
  'sd21/text_encoder.pt': '48544dfad06fcf0c9abcac98a43a17b248cea3425b8c1af313dbb207a1ca5e65',
  'sd21/unet.pt': '53ca3c0f0a324bbd367bba3dc4c581672805b1081ba22adcbbcc55a7927c3fcb',
  'sd21/vae_encoder.pt': 'a91e6768a72a69b4abbf7fc2b5a342011141379cc56dc513dfbeb723aa598842',
};
