export {
  type Chaos,
  type ChaosCall,
  type ChaosOptions,
  createChaos,
  type Mishap,
  type MishapShares,
} from './chaos-store.ts'
export { type ContractCase, type ContractContext, ContractError, createContractContext } from './contract-case.ts'
export { type Exploration, type ExploreOptions, exploreOrders, replayOrder } from './explore-orders.ts'
export { createFakeClock, type FakeClock } from './fake-clock.ts'
export { type GateOptions, gateClock, gateStore } from './gated-store.ts'
export { OrderError, type Scenario, type Scene } from './run-order.ts'
export type { Stage, Touches } from './stage.ts'
export { storeContract } from './store-contract.ts'
