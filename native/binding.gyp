# For tools that expect gyp. CMakeLists.txt is the reference: the set-up and `npm run prebuild` build with it. It lies here
# because npm and yarn take a binding.gyp in a package's root for an install script and compile at every installation.
#
#   node-gyp rebuild --directory native --libtorch=<folder with lib/ and include/>
{
  'variables': {
    'libtorch%': '<!(node -p "process.env.INVSEG_LIBTORCH || \'\'")',
  },
  'target_defaults': {
    'default_configuration': 'Release',
    'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
    'defines': ['NAPI_VERSION=8', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NDEBUG'],
    # LibTorch needs exceptions, RTTI and C++20; gyp's defaults turn the first two off and set an older standard.
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17'],
    'cflags_cc': ['-std=c++20', '-fexceptions', '-frtti', '-O2', '-fvisibility=hidden', '-fvisibility-inlines-hidden'],
    # As in CMakeLists.txt: what LibTorch was told of stays mapped, whatever thread ends.
    'conditions': [['OS=="linux"', {'libraries': ['-ldl'], 'ldflags': ['-Wl,-z,nodelete']}]],
    'xcode_settings': {
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
    },
  },
  'targets': [
    {
      'target_name': 'invseg_shim',
      'sources': ['<!@(node sources.cjs shim)'],
    },
    {
      'target_name': 'invseg',
      'sources': ['<!@(node sources.cjs addon core)'],
      'include_dirs': ['.'],
      # System headers, so that LibTorch's warnings are not ours.
      'cflags_cc': ['-isystem', '<(libtorch)/include', '-isystem', '<(libtorch)/include/torch/csrc/api/include'],
      'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-isystem', '<(libtorch)/include']},
      # No RPATH: the shim maps these libraries first, wherever they lie.
      'libraries': ['-L<(libtorch)/lib', '-ltorch_cpu', '-lc10'],
    },
  ],
}
