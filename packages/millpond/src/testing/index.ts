export { createFakeClock, type FakeClock } from './fake-clock.ts'
export {
  type ContractCase,
  type ContractContext,
  ContractError,
  createContractContext,
  storeContract,
} from './store-contract.ts'
