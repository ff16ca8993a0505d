#pragma once

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include <napi.h>
#include <torch/script.h>

#include "core/error.h"

namespace invseg::addon {

/** What a value is, in the words of a message: "the number 3", "a Float32Array of 12". */
std::string describe(const Napi::Value& value);

/** Element type of a typed array as JavaScript names it. */
template <typename T>
struct TypedArrayName;
template <>
struct TypedArrayName<float> {
  static constexpr const char* value = "Float32Array";
  static constexpr napi_typedarray_type type = napi_float32_array;
};
template <>
struct TypedArrayName<uint8_t> {
  static constexpr const char* value = "Uint8Array";
  static constexpr napi_typedarray_type type = napi_uint8_array;
};
template <>
struct TypedArrayName<int32_t> {
  static constexpr const char* value = "Int32Array";
  static constexpr napi_typedarray_type type = napi_int32_array;
};

/**
 * The elements of a typed array, not copied; valid until JavaScript runs again.
 * @throws Error `SHAPE_MISMATCH` for another type, or another length where `length` is not negative
 */
template <typename T>
std::pair<const T*, size_t> view(const Napi::Value& value, const std::string& what, int64_t length = -1) {
  using Name = TypedArrayName<T>;
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != Name::type) {
    throw Error(
        "SHAPE_MISMATCH",
        "Expected a " + std::string(Name::value) + " for " + what + " but received " + describe(value));
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  if (length >= 0 && static_cast<int64_t>(array.ElementLength()) != length) {
    throw Error(
        "SHAPE_MISMATCH", "Expected " + std::to_string(length) + " elements for " + what + " but received " +
                              std::to_string(array.ElementLength()));
  }
  return {array.Data(), array.ElementLength()};
}

/** A copy of a typed array's elements as another number type. */
template <typename T, typename To = T>
std::vector<To> copy(const Napi::Value& value, const std::string& what, int64_t length = -1) {
  const auto [data, size] = view<T>(value, what, length);
  return std::vector<To>(data, data + size);
}

/** A float32 tensor over a copy of a Float32Array. @throws Error `SHAPE_MISMATCH` unless it has the shape's elements */
inline at::Tensor tensor(const Napi::Value& value, const std::string& what, at::IntArrayRef shape) {
  const auto [data, size] = view<float>(value, what, c10::multiply_integers(shape));
  return at::from_blob(const_cast<float*>(data), shape, at::kFloat).clone();
}

/** The elements of a tensor as a new typed array. */
template <typename T>
Napi::Value to_array(Napi::Env env, const at::Tensor& values) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, uint8_t> || std::is_same_v<T, double>);
  const at::Tensor host = values.detach().to(at::kCPU, c10::CppTypeToScalarType<T>::value).contiguous();
  auto array = Napi::TypedArrayOf<T>::New(env, static_cast<size_t>(host.numel()));
  if (host.numel() > 0) std::memcpy(array.Data(), host.const_data_ptr<T>(), host.nbytes());
  return array;
}

/** Like `to_array<float>`, or null for an undefined tensor. */
inline Napi::Value to_array_or_null(Napi::Env env, const at::Tensor& values) {
  return values.defined() ? to_array<float>(env, values) : env.Null();
}

}  // namespace invseg::addon
