import numpy as np
from threadpoolctl import threadpool_info

from tools.products import one_thread


def test_a_product_uses_one_thread_so_that_cases_side_by_side_do_not_wait_for_one_another() -> None:
    _ = np.ones((2, 2)) @ np.ones((2, 2))  # its library is loaded
    one_thread()
    found = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    assert found and set(found) == {1}
