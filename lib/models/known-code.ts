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
  'miniature-plain/text_encoder.pt': '1448b679881541ec3d0b222b69970ec251c85752a2234058313f0cc233971498',
  'miniature-plain/unet.pt': 'd5cb047b60cd9aec0a56d9172b4a46e220fb3ca53017bc3d853cea59ee6d0f51',
  'miniature-plain/vae_encoder.pt': 'a88c0c6b64c11f0f12d59c04b9f8a42cbf688ea35000dbabb43825af5e3ef08c',
  'miniature/filter/image_encoder.pt': '0fba0b5244a3b2ad56d72449635d3f20829f095f21ab73a2e45efbf0131c3f37',
  'miniature/filter/text_decoder.pt': '25e0d8d74022646bf85829ba8d0c5a32bf49316e4ed016bccfcf977ad4278f20',
  'miniature/filter/text_encoder.pt': '7c58707b2976510e160cdb1803cd729efa7d6854411ec43c19705ff5160af774',
  'miniature/filter/vision_encoder.pt': 'fb6c5d823640b8d7ac1a5553a0deebbab942e0752ae953afcc19045fcc659006',
  'miniature/text_encoder.pt': 'f5f9fe3bf979387f0c8755ce05028ab843bdf5ad5103c6dfc00561b6c3f0a052',
  'miniature/unet.pt': '1c911bfaf38998115028de175661bc7298748929ab65ad5a1d089cf980b08aba',
  'miniature/vae_encoder.pt': '35684db74d324bda10be6147a572a268e5131e60add2bd683c4c5efff5e1c7cb',
  'sd21/text_encoder.pt': 'fdc004213c127403ed0bbea734ff111ea09cd9cf5d6e807c0b80cce765f19acb',
  'sd21/unet.pt': 'bd7f0f6cf0792ff200683f6ec03cd73297c22d07d8d7483e367d08d5a2393204',
  'sd21/vae_encoder.pt': 'a75312138d92910132f43e3af9666bd945c5939d37d8b963968c1cb502ac4a6e',
};
