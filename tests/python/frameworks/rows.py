"""One row for each call of a framework: the table of docs/frameworks.md, as code that runs.

Nothing is imported before a row runs: most frameworks take seconds for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness import ACCESS_KEY_ID, MODEL, REGION, SECRET_ACCESS_KEY

QUESTION = "How do I return a pair of shoes?"
MESSAGES = [{"role": "user", "content": QUESTION}]
CLAUDE = "anthropic.claude-opus-4-8"
EMBEDDING = "emulator.embedding-1"
NOVA = "amazon.nova-lite-v1:0"
AWS_KEYS = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
KEY = "ABSKEXAMPLE"


@dataclass(frozen=True)
class Place:
    """Where the rows call."""

    url: str
    project: str = ""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"


@dataclass(frozen=True)
class Row:
    framework: str
    call: str
    module: str
    run: Callable[[Place], Any]
    by_hand: bool = False  # without `patch`

    def __str__(self) -> str:
        return f"{self.framework} {self.call}" + (" by hand" if self.by_hand else "")


ROWS: list[Row] = []


def row(framework: str, call: str, module: str, *, by_hand: bool = False) -> Any:
    def add(run: Callable[[Place], Any]) -> Callable[[Place], Any]:
        ROWS.append(Row(framework, call, module, run, by_hand))
        return run

    return add


# --- LiteLLM --------------------------------------------------------------------------------------


def _litellm(place: Place, provider: str = "openai", **options: Any) -> Any:
    import litellm

    litellm.suppress_debug_info = True
    return litellm.completion(
        **{
            "model": f"{provider}/{MODEL}",
            "messages": MESSAGES,
            "api_base": place.base_url,
            "api_key": KEY,
            "max_retries": 0,
            **options,
        }
    )


@row("LiteLLM", "completion", "litellm")
def litellm_completion(place: Place) -> None:
    _litellm(place)


@row("LiteLLM", "completion, streamed", "litellm")
def litellm_streamed(place: Place) -> None:
    list(_litellm(place, stream=True))


@row("LiteLLM", "acompletion", "litellm")
def litellm_acompletion(place: Place) -> None:
    import litellm

    asyncio.run(
        litellm.acompletion(
            model=f"openai/{MODEL}", messages=MESSAGES, api_base=place.base_url, api_key=KEY
        )
    )


@row("LiteLLM", "acompletion, streamed", "litellm")
def litellm_acompletion_streamed(place: Place) -> None:
    import litellm

    async def run() -> None:
        stream: Any = await litellm.acompletion(
            model=f"openai/{MODEL}",
            messages=MESSAGES,
            api_base=place.base_url,
            api_key=KEY,
            stream=True,
        )
        async for _ in stream:
            pass

    asyncio.run(run())


@row("LiteLLM", "responses", "litellm")
def litellm_responses(place: Place) -> None:
    import litellm

    litellm.responses(model=f"openai/{MODEL}", input=QUESTION, api_base=place.base_url, api_key=KEY)


@row("LiteLLM", "responses, streamed", "litellm")
def litellm_responses_streamed(place: Place) -> None:
    import litellm

    stream: Any = litellm.responses(
        model=f"openai/{MODEL}",
        input=QUESTION,
        api_base=place.base_url,
        api_key=KEY,
        stream=True,
    )
    list(stream)


@row("LiteLLM", "aresponses", "litellm")
def litellm_aresponses(place: Place) -> None:
    import litellm

    asyncio.run(
        litellm.aresponses(
            model=f"openai/{MODEL}", input=QUESTION, api_base=place.base_url, api_key=KEY
        )
    )


@row("LiteLLM", "anthropic/", "litellm")
def litellm_anthropic(place: Place) -> None:
    _litellm(place, "anthropic", model=f"anthropic/{CLAUDE}", api_base=f"{place.url}/anthropic")


@row("LiteLLM", "anthropic/, streamed", "litellm")
def litellm_anthropic_streamed(place: Place) -> None:
    list(
        _litellm(
            place,
            "anthropic",
            model=f"anthropic/{CLAUDE}",
            api_base=f"{place.url}/anthropic",
            stream=True,
        )
    )


@row("LiteLLM", "hosted_vllm/", "litellm")
def litellm_hosted_vllm(place: Place) -> None:
    _litellm(place, "hosted_vllm")


@row("LiteLLM", "bedrock_mantle/", "litellm")
def litellm_bedrock_mantle(place: Place) -> None:
    _litellm(place, "bedrock_mantle")


def _litellm_bedrock(place: Place, **options: Any) -> Any:
    to = {"api_base": None, "api_key": None, "aws_bedrock_runtime_endpoint": place.url}
    keys = {"aws_region_name": REGION, **AWS_KEYS}
    return _litellm(place, model=f"bedrock/{NOVA}", **to, **keys, **options)


@row("LiteLLM", "bedrock/", "litellm")
def litellm_bedrock(place: Place) -> None:
    _litellm_bedrock(place)


@row("LiteLLM", "bedrock/, streamed", "litellm")
def litellm_bedrock_streamed(place: Place) -> None:
    list(_litellm_bedrock(place, stream=True))


@row("LiteLLM", "embedding", "litellm")
def litellm_embedding(place: Place) -> None:
    import litellm

    litellm.embedding(
        model=f"openai/{EMBEDDING}", input=["shoes"], api_base=place.base_url, api_key=KEY
    )


@row("LiteLLM", "Router", "litellm")
def litellm_router(place: Place) -> None:
    import litellm

    to = {"model": f"openai/{MODEL}", "api_base": place.base_url, "api_key": KEY}
    router = litellm.Router(model_list=[{"model_name": "any", "litellm_params": to}], num_retries=0)
    router.completion(model="any", messages=MESSAGES)


@row("LiteLLM", "completion", "litellm", by_hand=True)
def litellm_by_hand(place: Place) -> None:
    import openai

    import costmark

    client = costmark.wrap(
        openai.OpenAI(base_url=place.base_url, api_key=KEY), project=place.project
    )
    _litellm(place, client=client)


# --- DSPy -----------------------------------------------------------------------------------------


def _dspy(place: Place, **options: Any) -> Any:
    import dspy

    return dspy.LM(
        f"openai/{MODEL}",
        **{
            "api_base": place.base_url,
            "api_key": KEY,
            "cache": False,
            "num_retries": 0,
            **options,
        },
    )


@row("DSPy", "LM", "dspy")
def dspy_chat(place: Place) -> None:
    _dspy(place)(QUESTION)


@row("DSPy", 'LM, model_type="responses"', "dspy")
def dspy_responses(place: Place) -> None:
    _dspy(place, model_type="responses")(QUESTION)


@row("DSPy", "LM, asynchronous", "dspy")
def dspy_later(place: Place) -> None:
    asyncio.run(_dspy(place).acall(QUESTION))


@row("DSPy", "LM on LiteLLM", "dspy")
def dspy_litellm(place: Place) -> None:
    _dspy(place, engine="litellm")(QUESTION)


@row("DSPy", "Predict", "dspy")
def dspy_predict(place: Place) -> None:
    import dspy
    from dspy.utils.exceptions import AdapterParseError

    # The emulator answers in words, not in the fields that are asked for.
    with dspy.context(lm=_dspy(place)), suppress(AdapterParseError):
        dspy.Predict("question -> answer")(question=QUESTION)


# --- LangChain ------------------------------------------------------------------------------------


def _chat_openai(place: Place, **options: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=MODEL, base_url=place.base_url, api_key=KEY, max_retries=0, **options)


@row("langchain-openai", "invoke", "langchain_openai")
def langchain_invoke(place: Place) -> None:
    _chat_openai(place).invoke(QUESTION)


@row("langchain-openai", "stream", "langchain_openai")
def langchain_stream(place: Place) -> None:
    list(_chat_openai(place).stream(QUESTION))


@row("langchain-openai", "ainvoke", "langchain_openai")
def langchain_ainvoke(place: Place) -> None:
    asyncio.run(_chat_openai(place).ainvoke(QUESTION))


@row("langchain-openai", "invoke, use_responses_api", "langchain_openai")
def langchain_responses(place: Place) -> None:
    _chat_openai(place, use_responses_api=True).invoke(QUESTION)


@row("langchain-openai", "invoke", "langchain_openai", by_hand=True)
def langchain_by_hand(place: Place) -> None:
    import costmark

    model = _chat_openai(place)
    costmark.wrap(model.root_client, project=place.project)
    model.client = model.root_client.chat.completions
    model.invoke(QUESTION)


def _bedrock_converse(place: Place, **options: Any) -> Any:
    from langchain_aws import ChatBedrockConverse

    to = {"endpoint_url": place.url, "region_name": REGION, **AWS_KEYS}
    return ChatBedrockConverse(model=NOVA, **(options or to))


@row("langchain-aws", "ChatBedrockConverse, invoke", "langchain_aws")
def langchain_aws_invoke(place: Place) -> None:
    _bedrock_converse(place).invoke(QUESTION)


@row("langchain-aws", "ChatBedrockConverse, stream", "langchain_aws")
def langchain_aws_stream(place: Place) -> None:
    list(_bedrock_converse(place).stream(QUESTION))


@row("langchain-aws", "ChatBedrockConverse, invoke", "langchain_aws", by_hand=True)
def langchain_aws_by_hand(place: Place) -> None:
    import costmark

    client = costmark.wrap(_boto3(place), project=place.project)
    _bedrock_converse(place, client=client, bedrock_client=client).invoke(QUESTION)


def _boto3(place: Place) -> Any:
    import boto3  # type: ignore[import-untyped,unused-ignore]

    return boto3.client("bedrock-runtime", region_name=REGION, endpoint_url=place.url, **AWS_KEYS)


# --- OpenAI Agents --------------------------------------------------------------------------------


def _run_agent(model: Any) -> None:
    from agents import Agent, Runner, set_tracing_disabled

    set_tracing_disabled(True)
    Runner.run_sync(Agent(name="clerk", instructions="Be kind.", model=model), QUESTION)


def _openai_later(place: Place) -> Any:
    import openai

    return openai.AsyncOpenAI(base_url=place.base_url, api_key=KEY, max_retries=0)


@row("openai-agents", "Runner, Responses", "agents")
def agents_responses(place: Place) -> None:
    from agents import OpenAIResponsesModel

    _run_agent(OpenAIResponsesModel(MODEL, _openai_later(place)))


@row("openai-agents", "Runner, Chat Completions", "agents")
def agents_chat(place: Place) -> None:
    from agents import OpenAIChatCompletionsModel

    _run_agent(OpenAIChatCompletionsModel(MODEL, _openai_later(place)))


@row("openai-agents", "Runner, streamed", "agents")
def agents_streamed(place: Place) -> None:
    from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled

    set_tracing_disabled(True)

    async def run() -> None:
        model = OpenAIResponsesModel(MODEL, _openai_later(place))
        agent = Agent(name="clerk", instructions="Be kind.", model=model)
        async for _ in Runner.run_streamed(agent, QUESTION).stream_events():
            pass

    asyncio.run(run())


@row("openai-agents", "Runner, Responses", "agents", by_hand=True)
def agents_by_hand(place: Place) -> None:
    from agents import OpenAIResponsesModel

    import costmark

    client = costmark.wrap(_openai_later(place), project=place.project)
    _run_agent(OpenAIResponsesModel(MODEL, client))


# --- Pydantic AI ----------------------------------------------------------------------------------


@row("pydantic-ai", "Agent, OpenAIChatModel", "pydantic_ai")
def pydantic_ai_chat(place: Place) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=place.base_url, api_key=KEY)
    Agent(OpenAIChatModel(MODEL, provider=provider)).run_sync(QUESTION)


@row("pydantic-ai", "Agent, AnthropicModel", "pydantic_ai")
def pydantic_ai_anthropic(place: Place) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(base_url=f"{place.url}/anthropic", api_key=KEY)
    Agent(AnthropicModel(CLAUDE, provider=provider)).run_sync(QUESTION)


@row("pydantic-ai", "Agent, BedrockConverseModel", "pydantic_ai")
def pydantic_ai_bedrock(place: Place) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    provider = BedrockProvider(base_url=place.url, region_name=REGION, **AWS_KEYS)
    Agent(BedrockConverseModel(NOVA, provider=provider)).run_sync(QUESTION)


@row("pydantic-ai", "Agent, BedrockConverseModel, streamed", "pydantic_ai")
def pydantic_ai_bedrock_streamed(place: Place) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    provider = BedrockProvider(base_url=place.url, region_name=REGION, **AWS_KEYS)

    async def run() -> None:
        agent = Agent(BedrockConverseModel(NOVA, provider=provider))
        async with agent.run_stream(QUESTION) as result:
            await result.get_output()

    asyncio.run(run())


@row("pydantic-ai", "Agent, OpenAIChatModel", "pydantic_ai", by_hand=True)
def pydantic_ai_by_hand(place: Place) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    import costmark

    client = costmark.wrap(_openai_later(place), project=place.project)
    Agent(OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))).run_sync(QUESTION)


# --- Instructor -----------------------------------------------------------------------------------


def _extract(client: Any) -> None:
    import instructor
    from pydantic import create_model

    extracting: Any = instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA)
    extracting.chat.completions.create(
        model=MODEL,
        messages=MESSAGES,
        response_model=create_model("Reply", text=(str, ...)),
        max_retries=0,
    )


@row("instructor", "from_openai", "instructor")
def instructor_chat(place: Place) -> None:
    import openai

    _extract(openai.OpenAI(base_url=place.base_url, api_key=KEY, max_retries=0))


@row("instructor", "from_openai", "instructor", by_hand=True)
def instructor_by_hand(place: Place) -> None:
    import openai

    import costmark

    client = openai.OpenAI(base_url=place.base_url, api_key=KEY, max_retries=0)
    _extract(costmark.wrap(client, project=place.project))


# --- CrewAI, Strands ------------------------------------------------------------------------------


@row("CrewAI", "LLM", "crewai")
def crewai_llm(place: Place) -> None:
    from crewai import LLM

    LLM(model=f"openai/{MODEL}", base_url=place.base_url, api_key=KEY).call(QUESTION)


@row("CrewAI", "Crew", "crewai")
def crewai_crew(place: Place) -> None:
    from crewai import LLM, Agent, Crew, Task

    llm = LLM(model=f"openai/{MODEL}", base_url=place.base_url, api_key=KEY)
    agent = Agent(role="clerk", goal="help", backstory="none", llm=llm, max_iter=1)
    task = Task(description=QUESTION, expected_output="text", agent=agent)
    Crew(agents=[agent], tasks=[task]).kickoff()


@row("Strands Agents", "Agent, BedrockModel", "strands")
def strands_bedrock(place: Place) -> None:
    _strands_bedrock(place, streaming=True)


@row("Strands Agents", "Agent, BedrockModel, not streamed", "strands")
def strands_bedrock_whole(place: Place) -> None:
    _strands_bedrock(place, streaming=False)


def _strands_bedrock(place: Place, *, streaming: bool) -> None:
    import boto3  # type: ignore[import-untyped,unused-ignore]
    from strands import Agent
    from strands.models import BedrockModel

    model = BedrockModel(
        boto_session=boto3.Session(region_name=REGION, **AWS_KEYS),
        endpoint_url=place.url,
        model_id=NOVA,
        streaming=streaming,
    )
    Agent(model=model, callback_handler=None)(QUESTION)


@row("Strands Agents", "Agent, OpenAIModel", "strands")
def strands_agent(place: Place) -> None:
    from strands import Agent
    from strands.models.openai import OpenAIModel

    model = OpenAIModel(client_args={"base_url": place.base_url, "api_key": KEY}, model_id=MODEL)
    Agent(model=model, callback_handler=None)(QUESTION)
