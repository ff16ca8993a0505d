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
  'miniature-plain/text_encoder.pt': '3783aeb63312a889a933fbf6b19a378ca8f155f60a7783a6269d3cb4de4a5c11',
  'miniature-plain/unet.pt': '4ef54d638f05d103e307aaf1c9da36c1019ac8cc61046546f3a33a7961093c14',
  'miniature-plain/vae_encoder.pt': '5af609973d9f1819d5f366c748d426c245e78b6d94af0d49539ccb4f963d7eac',
  'miniature/filter/image_encoder.pt': '0fba0b5244a3b2ad56d72449635d3f20829f095f21ab73a2e45efbf0131c3f37',
  'miniature/filter/text_decoder.pt': '25e0d8d74022646bf85829ba8d0c5a32bf49316e4ed016bccfcf977ad4278f20',
  'miniature/filter/text_encoder.pt': '7c58707b2976510e160cdb1803cd729efa7d6854411ec43c19705ff5160af774',
  'miniature/filter/vision_encoder.pt': 'fb6c5d823640b8d7ac1a5553a0deebbab942e0752ae953afcc19045fcc659006',
  'miniature/text_encoder.pt': '3783aeb63312a889a933fbf6b19a378ca8f155f60a7783a6269d3cb4de4a5c11',
  'miniature/unet.pt': '4ef54d638f05d103e307aaf1c9da36c1019ac8cc61046546f3a33a7961093c14',
  'miniature/vae_encoder.pt': '5af609973d9f1819d5f366c748d426c245e78b6d94af0d49539ccb4f963d7eac',
  'sd21/text_encoder.pt': '6d338b90b534b6b17edf3beb617ba972bba7d8918eef3858a651e622b1fd352c',
  'sd21/unet.pt': 'd238c2b1f00cabc39e60dc93db9c3ec62ca0fa6e7cd1a55120415c059dbc7ed3',
  'sd21/vae_encoder.pt': 'd6ab50b8700481ae826f8bf2ffcee809e5a01090b75fe19c7ed3e63558f0635b',
};
