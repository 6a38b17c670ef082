#include "transport/login_worker.h"

#include <openssl/crypto.h>
#include <uv.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace rtbridge {

struct LoginWorker::Job {
    uv_work_t request{};
    LoginCheck check;
    std::function<void(const CheckedLogin&)> done;
    LoginWorker& worker;
    std::optional<CheckedLogin> result{};  // empty where the check ran out of memory, or too late

    // Thread: of the pool.
    void run() noexcept {
        if (worker.stopping_.load(std::memory_order_relaxed)) return;
        try {
            result = check.run();
        } catch (...) {
            result.reset();
        }
        // The pool's threads end after OpenSSL's clean-up, when it is too late to free its part of
        // them.
        OPENSSL_thread_stop();
    }

    void finish() noexcept ON_LISTENER_THREAD try {
        --worker.in_flight_;
        if (!result) {
            result = CheckedLogin{
                Failure{LoginFailure{LoginError::TooCostly, "the check could not be made"}}, 0,
                std::nullopt};
        }
        done(*result);
    } catch (const std::exception&) {
        worker.metrics_.listener_errors.add();
    }
};

bool LoginWorker::start(LoginCheck check, std::function<void(const CheckedLogin&)> done) {
    if (full()) {
        metrics_.hit(Limit::LoginChecks);
        return false;
    }
    auto job = std::make_unique<Job>(Job{{}, std::move(check), std::move(done), *this});
    job->request.data = job.get();
    const int error = uv_queue_work(
        loop_, &job->request, [](uv_work_t* request) { static_cast<Job*>(request->data)->run(); },
        [](uv_work_t* request, int /*status*/) {
            assert_on_listener_thread();
            const std::unique_ptr<Job> finished(static_cast<Job*>(request->data));
            finished->finish();
        });
    if (error != 0) return false;
    ++in_flight_;
    (void)job.release();  // the loop's until it is finished
    return true;
}

}  // namespace rtbridge
