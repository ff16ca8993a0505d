#pragma once

#include <cstdint>
#include <string>

namespace invseg {

/**
 * A file mapped read-only into memory, unmapped with the last reference.
 *
 * A mapping shows what happens to the file: reading beyond the end of one that was cut off ends the process, and one
 * that is written to in place gives other weights. A file that is replaced by renaming another over it stays as it was
 * opened.
 */
class MappedFile {
 public:
  /** @throws Error `WEIGHTS_NOT_FOUND` when the file cannot be opened or mapped. */
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const unsigned char* data() const { return data_; }
  int64_t size() const { return size_; }

  /** Called before the mapping is read. @throws Error `WEIGHTS_CHANGED` when the file has another size or time */
  void check() const;

  /** Reads [begin, end) past the mapping. @throws Error `WEIGHTS_CHANGED`; `WEIGHTS_NOT_FOUND` it cannot be read */
  void read(int64_t begin, int64_t end, unsigned char* target) const;

  /** Gives the resident pages of [begin, end) back to the system; a later read fetches them from the file again. */
  void release(int64_t begin, int64_t end) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  unsigned char* data_ = nullptr;
  int64_t size_ = 0;
  int64_t seconds_ = 0;  // of the last modification
  int64_t nanoseconds_ = 0;
};

}  // namespace invseg
