#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace rtbridge {

// Opens `name`, a path of plain names ("a/b.css", or "." for the directory itself), below the open
// directory `directory` with `flags` of open(2) and O_CLOEXEC. What would lead out of it or through
// a symbolic link is refused, whoever swaps names meanwhile: openat2(2), or one step after the
// other where the kernel (before 5.6) or a sandbox has none. The error is an errno.
//
// Thread: any.
[[nodiscard]] Result<FileDescriptor, int> open_beneath(int directory, const std::string& name,
                                                       int flags);

// The second way alone. REQUIRES: no name is "..".
[[nodiscard]] Result<FileDescriptor, int> open_step_by_step(int directory, const std::string& name,
                                                            int flags);

}  // namespace rtbridge
