#include "core/engine/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "core/error.h"

namespace invseg {
namespace {

std::pair<int64_t, int64_t> modified(const struct stat& status) {
#ifdef __APPLE__
  return {status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec};
#else
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
#endif
}

Error changed(const std::string& path) {
  return Error(
      "WEIGHTS_CHANGED", "Expected the weights file " + path +
                             " to stay as it was opened, but it was written to: open the model again, and "
                             "replace weights by renaming a new file over the old one");
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    throw Error("WEIGHTS_NOT_FOUND", "Cannot open the weights file " + path + ": " + std::strerror(errno));
  }
  struct stat status {};
  void* address = MAP_FAILED;
  const bool file = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (file && status.st_size > 0) {
    address = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor_, 0);
  }
  if (address == MAP_FAILED) {
    const std::string reason = !file ? "it is no file" : status.st_size == 0 ? "it is empty" : std::strerror(errno);
    ::close(descriptor_);
    throw Error("WEIGHTS_NOT_FOUND", "Cannot map the weights file " + path + ": " + reason);
  }
  data_ = static_cast<unsigned char*>(address);
  size_ = status.st_size;
  std::tie(seconds_, nanoseconds_) = modified(status);
}

MappedFile::~MappedFile() {
  ::munmap(data_, static_cast<size_t>(size_));
  ::close(descriptor_);
}

void MappedFile::check() const {
  struct stat status {};
  const bool same = ::fstat(descriptor_, &status) == 0 && status.st_size == size_ &&
                    modified(status) == std::pair{seconds_, nanoseconds_};
  if (!same) throw changed(path_);
}

void MappedFile::read(int64_t begin, int64_t end, unsigned char* target) const {
  check();
  while (begin < end) {
    const ssize_t count = ::pread(descriptor_, target, static_cast<size_t>(end - begin), begin);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw Error("WEIGHTS_NOT_FOUND", "Cannot read the weights file " + path_ + ": " + std::strerror(errno));
    }
    if (count == 0) throw changed(path_);
    begin += count;
    target += count;
  }
}

void MappedFile::release(int64_t begin, int64_t end) const {
  const int64_t page = ::sysconf(_SC_PAGESIZE);
  // Rounded outwards: a neighbour's page that goes too is read again, and nobody writes to this mapping.
  begin = begin / page * page;
  if (begin < end) ::madvise(data_ + begin, static_cast<size_t>(end - begin), MADV_DONTNEED);
}

}  // namespace invseg
