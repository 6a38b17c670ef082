#include "listener/catch_up.h"

namespace rtbridge {

std::vector<UpdatePtr> CatchUp::step(std::size_t entries_max, std::size_t bytes_max) {
    if (auto* const walk = std::get_if<ValueStore::Walk>(&source_)) {
        std::vector<UpdatePtr> found = walk->step(entries_max, bytes_max);
        std::erase_if(found, [this](const UpdatePtr& update) {
            return update->offset <= since_ || update->offset > until_;
        });
        return found;
    }
    auto& [missed, next] = std::get<Replay>(source_);
    std::vector<UpdatePtr> found;
    for (std::size_t bytes = 0; next < missed.updates().size() && bytes < bytes_max; ++next) {
        found.push_back(missed.updates()[next]);
        bytes += found.back()->payload.size();
    }
    return found;
}

bool CatchUp::done() const noexcept {
    if (const auto* const walk = std::get_if<ValueStore::Walk>(&source_)) return walk->done();
    return left() == 0;
}

std::size_t CatchUp::left() const noexcept {
    const auto* const replay = std::get_if<Replay>(&source_);
    return replay == nullptr ? 0 : replay->missed.updates().size() - replay->next;
}

}  // namespace rtbridge
