#pragma once

namespace invseg {

/** Tells TorchScript of the operators of this library; needed before a module that uses them is loaded. Safe to call again. */
void register_operators();

}  // namespace invseg
