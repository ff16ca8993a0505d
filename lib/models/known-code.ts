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
  'miniature-plain/text_encoder.pt': '8db4f103c195d52c6610f79dc67c3c744e980d8bc9eb1faff75edf982d246dfb',
  'miniature-plain/unet.pt': 'd94a911860157233e89224398a3deca6299844cbabaa571dba949c5c54db79c2',
  'miniature-plain/vae_encoder.pt': '8935ba313ad2e265cca3fce447bcd4cf4cb2ce9f1762eeb1509547465c5b960b',
  'miniature/filter/image_encoder.pt': '0fba0b5244a3b2ad56d72449635d3f20829f095f21ab73a2e45efbf0131c3f37',
  'miniature/filter/text_decoder.pt': '25e0d8d74022646bf85829ba8d0c5a32bf49316e4ed016bccfcf977ad4278f20',
  'miniature/filter/text_encoder.pt': '7c58707b2976510e160cdb1803cd729efa7d6854411ec43c19705ff5160af774',
  'miniature/filter/vision_encoder.pt': 'fb6c5d823640b8d7ac1a5553a0deebbab942e0752ae953afcc19045fcc659006',
  'miniature/text_encoder.pt': '5a52362325066730cceca608f9f51b6e74d5d0efc6f624a6b1cf83c9055bf514',
  'miniature/unet.pt': '43c97fe348d001f649f4d4be64b61dea8848a876b1f99c9c1b9a3f7801854561',
  'miniature/vae_encoder.pt': 'de0567274b467d40ac6918ef4885d8858555887d8ebcd7f53788372f6953da83',
  'sd21/text_encoder.pt': '473f44a1ffc7eb4619a6e980ef5f0f18078501e2cd75b3185d321ecf7faceaa4',
  'sd21/unet.pt': 'be9ed38ae6f91d8cc65be7d6fb0f0ebb18ca62585d8ae49ca6db90071f26eb12',
  'sd21/vae_encoder.pt': '1f1515f54644c7d78188f10c343e1708dd68dd52c9d8daeb564fcb8a5acbfc85',
};
