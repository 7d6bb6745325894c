/* SPDX-License-Identifier: Apache-2.0 */
#define FT_KERNELS ft_kernels_avx2
#include "fasttext_kernel_body.h"
