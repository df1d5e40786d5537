"""Why an operation cannot be in a field, by its ATen name."""

from __future__ import annotations

NOT_SMOOTH = "it is not smooth; the theorems need derivatives (tanh, silu, gelu, softplus or mish are smooth)"
NOT_SMOOTH_ENOUGH = "it is not three times differentiable (tanh, silu, gelu, softplus or mish are smooth)"
DATA_DEPENDENT = "the branch or index taken depends on the data (data-dependent control flow)"
RANDOM = "it is random; call module.eval() first if it only acts in training"
NO_FUNCTION = "it is not among the functions a field knows"

_TABLE = {
    NOT_SMOOTH: """
        relu relu6 leaky_relu prelu rrelu threshold hardtanh hardsigmoid hardswish hardshrink softshrink softsign abs
        max min amax amin maximum minimum clamp clamp_min clamp_max fmax fmin sign sgn heaviside floor ceil round trunc
        frac fmod remainder floor_divide sort topk median cummax cummin max_pool1d max_pool2d adaptive_max_pool1d
        huber_loss l1_loss
    """,
    NOT_SMOOTH_ENOUGH: "elu selu celu",
    DATA_DEPENDENT: """
        item _local_scalar_dense nonzero argmax argmin eq ne lt le gt ge isnan isinf bool is_nonzero masked_select
        unique _unique2 bincount multinomial searchsorted bucketize cond while_loop logical_and logical_or logical_not
    """,
    RANDOM: "rand randn rand_like randn_like randint bernoulli normal native_dropout randperm",
    NO_FUNCTION: "asin acos asinh acosh atanh atan2 lgamma digamma erfinv erfcx i0 i1 sinc xlogy polar",
}

REFUSALS: dict[str, str] = {name: reason for reason, names in _TABLE.items() for name in names.split()}
