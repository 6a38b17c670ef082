// The same plugin and fake broker under CMocka, in plain C: as a broker's own developers would.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// must come after the standard headers that it needs
#include <cmocka.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>

#include "fake_broker.h"

static const char configuration[] =
    "[listener]\n"
    "bind = \"127.0.0.1:0\"\n"
    "[[rule]]\n"
    "name = \"battery\"\n"
    "topics = [\"battery/#\"]\n"
    "battery = {}\n"
    "mqtt = \"replace\"\n";

static const struct fake_client device = {"device-1", NULL, "127.0.0.1"};

static int load_plugin(void** state) {
    char path[] = "/tmp/rtbridge-cmocka-XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0) return -1;
    const ssize_t written = write(fd, configuration, strlen(configuration));
    close(fd);
    fake_broker_start();
    const struct fake_option option = {"config", path};
    const int rc = fake_broker_load(RTBRIDGE_SO, &option, 1);
    *state = strdup(path);
    return written > 0 && rc == MOSQ_ERR_SUCCESS ? 0 : -1;
}

static int unload_plugin(void** state) {
    fake_broker_unload();
    const size_t faults = fake_broker_violation_count() + fake_broker_blocks_in_use() +
                          fake_broker_callbacks_left_behind();
    for (size_t i = 0; i < fake_broker_violation_count(); ++i) {
        print_error("%s\n", fake_broker_violation(i));
    }
    fake_broker_stop();
    unlink(*state);
    free(*state);
    return faults == 0 ? 0 : -1;
}

static void assert_payload(const char* payload, const char* expected) {
    struct fake_delivery delivery =
        fake_broker_publish(&device, "battery/1", payload, (uint32_t)strlen(payload), 1, true);
    assert_int_equal(delivery.rc, MOSQ_ERR_SUCCESS);
    assert_true(delivery.retain);
    assert_string_equal(delivery.payload, expected);
    fake_delivery_free(&delivery);
}

static void state_follows_the_sign_of_the_power(void** state) {
    (void)state;
    assert_payload("{\"batteryPower\":1}", "{\"batteryPower\":1,\"state\":\"Charging\"}");
    assert_payload("{\"batteryPower\":-1}", "{\"batteryPower\":-1,\"state\":\"Discharging\"}");
    assert_payload("{\"batteryPower\":0}", "{\"batteryPower\":0,\"state\":\"Idle\"}");
}

static void what_is_not_json_passes(void** state) {
    (void)state;
    assert_payload("no JSON", "no JSON");
}

static void a_retained_clear_passes_as_null(void** state) {
    (void)state;
    struct fake_delivery delivery = fake_broker_publish(&device, "battery/1", NULL, 0, 1, true);
    assert_int_equal(delivery.rc, MOSQ_ERR_SUCCESS);
    assert_null(delivery.payload);
    fake_delivery_free(&delivery);
}

static void a_reload_cannot_end_the_broker(void** state) {
    (void)state;
    assert_int_equal(fake_broker_reload(), MOSQ_ERR_PLUGIN_DEFER);
    fake_broker_tick();
    assert_payload("{\"batteryPower\":1}", "{\"batteryPower\":1,\"state\":\"Charging\"}");
}

static void the_broker_decides_on_access_alone(void** state) {
    (void)state;
    assert_int_equal(fake_broker_callback_count(MOSQ_EVT_ACL_CHECK), 0);
    assert_int_equal(fake_broker_callback_count(MOSQ_EVT_BASIC_AUTH), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(state_follows_the_sign_of_the_power, load_plugin,
                                        unload_plugin),
        cmocka_unit_test_setup_teardown(what_is_not_json_passes, load_plugin, unload_plugin),
        cmocka_unit_test_setup_teardown(a_retained_clear_passes_as_null, load_plugin,
                                        unload_plugin),
        cmocka_unit_test_setup_teardown(a_reload_cannot_end_the_broker, load_plugin, unload_plugin),
        cmocka_unit_test_setup_teardown(the_broker_decides_on_access_alone, load_plugin,
                                        unload_plugin),
    };
    return cmocka_run_group_tests_name("rtbridge.so in the fake broker", tests, NULL, NULL);
}
