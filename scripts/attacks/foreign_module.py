"""A TorchScript module that writes a file when it is opened: what a model folder of a stranger may bring.

    python foreign_module.py OUT.pt VICTIM

`__setstate__` runs while the archive is read, before any method is called.
"""

import sys

import torch


class Foreign(torch.nn.Module):
    def __init__(self, victim: str) -> None:
        super().__init__()
        self.victim = victim
        self.kept = torch.zeros(0)

    @torch.jit.export
    def __getstate__(self):  # type: ignore[no-untyped-def]
        return (self.victim, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.victim = state[0]
        self.training = state[1]
        written = torch.from_file(self.victim, shared=True, size=8, dtype=torch.uint8)
        # Kept, or the compiler would find the write to be of no use.
        self.kept = written.copy_(torch.tensor([79, 86, 69, 82, 87, 82, 79, 84], dtype=torch.uint8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


if __name__ == "__main__":
    torch.jit.script(Foreign(sys.argv[2])).save(sys.argv[1])
