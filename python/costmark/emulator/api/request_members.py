"""The members that a request body may have at its top level, as data.

The lists are those of the official SDKs' parameter types; `project_id` is the attribution member
that gateways in front of Bedrock take.
"""

from __future__ import annotations

CARRIER = "project_id"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHAT = _names(
    """
    audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
    max_tokens messages metadata modalities model moderation n parallel_tool_calls prediction
    presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort
    response_format safety_identifier seed service_tier stop store stream stream_options
    temperature tool_choice tools top_logprobs top_p user verbosity web_search_options
    """
)

RESPONSES = _names(
    """
    access_programs background background_options context_management conversation image include
    input instructions max_output_tokens max_tool_calls metadata model moderation
    parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options
    prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
    temperature text tool_choice tools top_logprobs top_p truncation user
    """
)

COMPACT = _names(
    """
    image input instructions model previous_response_id prompt_cache_key prompt_cache_options
    prompt_cache_retention service_tier
    """
)

MESSAGES = _names(
    """
    anthropic_version container context_management max_tokens mcp_servers messages metadata model
    output_config service_tier stop_sequences stream system temperature thinking tool_choice tools
    top_k top_p
    """
)

COUNT_TOKENS = _names(
    """
    anthropic_version context_management mcp_servers messages model output_config system thinking
    tool_choice tools
    """
)

EMBEDDINGS = _names("dimensions encoding_format input model user")

RESPONSES_INPUT_ITEMS = _names(
    """
    apply_patch_call apply_patch_call_output code_interpreter_call compaction compaction_trigger
    computer_call computer_call_output custom_tool_call custom_tool_call_output file_search_call
    function_call function_call_output image_generation_call item_reference local_shell_call
    local_shell_call_output mcp_approval_request mcp_approval_response mcp_call mcp_list_tools
    message reasoning shell_call shell_call_output tool_search_call tool_search_output
    web_search_call
    """
)

RESPONSES_TOOLS = ("function", "mcp")
